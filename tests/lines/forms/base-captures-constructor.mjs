class AppError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
    Error.captureStackTrace?.(this, this.constructor);
  }
}
class DbError extends AppError {}
export default {
  fetch() {
    throw new DbError("x");
  },
};
