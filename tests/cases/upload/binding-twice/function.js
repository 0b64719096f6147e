export const bindings = ["ticks", "ticks"];
export default { binding() {} };
