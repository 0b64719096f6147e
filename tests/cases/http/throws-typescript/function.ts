interface Thing {
  name: string;
}
const check = (thing: Thing): never => {
  throw new RangeError(`bad ${thing.name}`);
};
export default {
  fetch(): Response {
    return check({ name: "thing" });
  },
};
