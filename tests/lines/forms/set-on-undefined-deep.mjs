export default {
  fetch() {
    const state = { user: {} };
    state.user.profile.name = "x";
  },
};
