export default {
  fetch(request) {
    const cb = request.nothing;
    return cb?.x ?? cb();
  },
};
