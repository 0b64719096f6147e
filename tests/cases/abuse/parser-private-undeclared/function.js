export default (x) => x.#nothing;
