import x from "./function.js";
export default () => x;
