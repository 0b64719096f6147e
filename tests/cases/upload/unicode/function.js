// ünïcode → 日本語 🎉
const 変数 = "値 🎉";
export default () => 変数;
