<!-- x
export default () => 1;
