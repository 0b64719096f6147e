const cfg = {};
function connect(
  host = cfg.db.host,
  port = 1,
) {
  return host + port;
}
export default {
  fetch() {
    return connect();
  },
};
