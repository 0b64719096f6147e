const go = async (x) => {
  await x;
  return x.y.z;
};
export default {
  fetch: async () => {
    const r = await go({});
    return r;
  },
};
