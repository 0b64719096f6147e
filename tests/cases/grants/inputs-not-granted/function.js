export const bindings = ["ticks", "orders-new", "payments"];
export default { binding() {} };
