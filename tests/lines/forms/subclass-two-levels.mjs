class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
class NotFound extends HttpError {
  constructor(message) {
    super(
      404,
      message,
    );
  }
}
class OrderNotFound extends NotFound {}
export default {
  fetch() {
    throw new OrderNotFound("x");
  },
};
