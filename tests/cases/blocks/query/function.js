import { state } from "@daplet/sdk";
const people = { ada: { age: 36, home: { city: "London" } }, bob: { age: 7.5, home: { city: "Rome" }, tags: ["a", "b"] },
  eve: { home: { city: "Rome" }, age: null }, three: 3, text: "ä", list: [{ n: 1 }] };
const queries = {
  all: {}, eq: { filter: { EQ: { "home.city": "Rome" } } }, neq: { filter: { NEQ: { "home.city": "Rome" } } },
  gt: { filter: { GT: { age: 7 } } }, lte: { filter: { LTE: { age: 7.5 } } }, nothing: { filter: { EQ: { age: null } } },
  place: { filter: { EQ: { "tags.1": "b" } } }, whole: { filter: { EQ: { home: { city: "London" } } } },
  in: { filter: { IN: { age: [36, "x"] } } }, element: { filter: { EQ: { "0.n": 1 } } },
  and: { filter: { AND: [{ EQ: { "home.city": "Rome" } }, { LT: { age: 9 } }] } },
  or: { filter: { OR: [{ EQ: { age: 36 } }, { EQ: { "tags.0": "a" } }] } },
  ascending: { sort: [{ key: "age" }] }, descending: { sort: [{ key: "home.city", order: "DESC" }, { key: "age" }] },
  first: { page: { limit: 4 } }, second: { page: { limit: 4, token: "4" } }, sorted: { sort: [{ key: "age", order: "DESC" }], page: { limit: 2, token: "1" } },
};
const wrong = [{ filter: { LIKE: { a: 1 } } }, { filter: { EQ: { a: 1 }, GT: { b: 1 } } }, { filter: { IN: { a: 1 } } }, { filter: { AND: [] } },
  { filter: { EQ: { a: 1, b: 2 } } }, { page: { token: "x" } }];
export default async () => {
  const s = state();
  for (const [key, value] of Object.entries(people)) await s.put(key, value);
  const found = {}, errors = [];
  for (const [name, query] of Object.entries(queries)) {
    const { results, token } = await s.query(query);
    found[name] = [results.map(({ key }) => key).join(), token ?? null];
  }
  for (const query of wrong) errors.push(await s.query(query).then(() => "taken", (e) => `${e.code}: ${e.message}`));
  const { results: [one] } = await s.query({ filter: { EQ: { age: 36 } } });
  return { found, errors, value: one.value, etag: typeof one.etag };
};
