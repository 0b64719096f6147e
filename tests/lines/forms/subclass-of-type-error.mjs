class Invalid extends TypeError {
  constructor() {
    const message = "invalid";
    super(message);
  }
}
export default {
  fetch() {
    throw new Invalid();
  },
};
