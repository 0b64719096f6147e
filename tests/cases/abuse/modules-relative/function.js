import x from "./other.js";
export default () => x;
