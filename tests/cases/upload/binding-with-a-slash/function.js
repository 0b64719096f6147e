export const bindings = ["a/b"];
export default { binding() {} };
