// Dapr's state query (alpha), by the rules of the host: which values, in what order, how many. Must not know where values are kept.

/** Results of one page at most, whatever is asked for. */
const MOST = 10_000;
/** Largest query, bytes. */
const LONGEST = 1 << 20;
/** Filters within filters. */
const DEEPEST = 32;
/** Largest object or array that a field is compared with, bytes. */
const LARGEST_OPERAND = 16 << 10;

type Takes = (value: unknown) => boolean;
type Members = Record<string, unknown>;

interface Plan {
  takes: Takes;
  sort: readonly { path: readonly string[]; descending: boolean }[];
  first: number;
  limit: number;
}

/** What a path that leads nowhere finds. */
const NOTHING = Symbol("nothing");

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What lies at a path into a value. Elements of arrays have their places as names. */
function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (Array.isArray(found)) found = /^\+?\d+$/.test(name) && Number(name) in found ? found[Number(name)] : NOTHING;
    else found = isObject(found) && Object.hasOwn(found, name) ? found[name] : NOTHING;
  }
  return found;
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => same(one, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** Texts are compared as UTF-8. */
const texts = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Below, equal or above: 0 for equal; undefined where two values have no order. */
function order(a: unknown, b: unknown): number | undefined {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (typeof a === "string" && typeof b === "string") return texts(a, b);
  return same(a, b) && a !== NOTHING ? 0 : undefined;
}

const KINDS = ["null", "boolean", "number", "string"];
const rankOf = (value: unknown): number => {
  if (value === NOTHING) return -1;
  const kind = value === null ? 0 : KINDS.indexOf(typeof value);
  return kind < 0 ? KINDS.length : kind;
};

/** An order of any two values, for sorting: kinds one after the other, and nothing first. */
function ranked(a: unknown, b: unknown): number {
  const kinds = rankOf(a) - rankOf(b);
  return kinds !== 0 || rankOf(a) === KINDS.length ? kinds : (order(a, b) ?? 0);
}

const COMPARISONS: Record<string, (order: number | undefined) => boolean> = {
  EQ: (order) => order === 0,
  NEQ: (order) => order !== 0,
  GT: (order) => order !== undefined && order > 0,
  GTE: (order) => order !== undefined && order >= 0,
  LT: (order) => order !== undefined && order < 0,
  LTE: (order) => order !== undefined && order <= 0,
};

function operand(value: unknown): unknown {
  const bytes = typeof value === "object" && value !== null ? Buffer.byteLength(JSON.stringify(value)) : 0;
  if (bytes <= LARGEST_OPERAND) return value;
  const bound = `but it may have ${LARGEST_OPERAND}`;
  throw new Error(`a filter compares with an object or array of ${bytes} bytes, ${bound}`);
}

function filter(given: unknown, depth: number): Takes {
  if (depth > DEEPEST) throw new Error(`filters are nested deeper than ${DEEPEST}`);
  if (!isObject(given)) throw new Error(`${JSON.stringify(given)} is no filter`);
  const [word, other] = Object.keys(given).sort(texts);
  if (word === undefined) return () => true;
  if (other !== undefined) {
    const both = `not both ${JSON.stringify(word)} and ${JSON.stringify(other)}`;
    throw new Error(`a filter has one operator, ${both}; join them by AND or OR`);
  }
  const operands = given[word];
  if (word === "AND" || word === "OR") {
    if (!Array.isArray(operands) || operands.length === 0) throw new Error(`${word} takes a list of filters`);
    const parts = operands.map((part) => filter(part, depth + 1));
    return word === "AND"
      ? (value) => parts.every((part) => part(value))
      : (value) => parts.some((part) => part(value));
  }
  const compare = COMPARISONS[word];
  if (compare === undefined && word !== "IN") {
    const known = "there are EQ, NEQ, GT, GTE, LT, LTE, IN, AND, OR";
    throw new Error(`there is no operator ${JSON.stringify(word)}; ${known}`);
  }
  const fields = isObject(operands) ? Object.entries(operands) : [];
  const [field] = fields;
  if (field === undefined || fields.length > 1) {
    throw new Error(`${word} takes an object with one field, not ${JSON.stringify(operands)}`);
  }
  const [key, wanted] = field;
  const path = key.split(".");
  if (compare !== undefined) {
    const one = operand(wanted);
    return (value) => compare(order(at(value, path), one));
  }
  if (!Array.isArray(wanted)) {
    throw new Error(`IN takes a list of values for ${JSON.stringify(key)}, not ${JSON.stringify(wanted)}`);
  }
  const list = wanted.map(operand);
  return (value) => list.some((one) => order(at(value, path), one) === 0);
}

/** Refuses members that a query does not have, in the words of the host's JSON reader. */
function members(value: unknown, known: readonly string[]): Members {
  if (!isObject(value)) throw new Error(`the query: invalid type: ${JSON.stringify(value)}, expected an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return value;
  const names = known.map((name) => `\`${name}\``).join(known.length === 2 ? " or " : ", ");
  throw new Error(`the query: unknown field \`${unknown}\`, expected ${known.length > 2 ? "one of " : ""}${names}`);
}

/** Reads a query; throws an Error that says what is wrong with it. */
function parse(text: string): Plan {
  const bytes = Buffer.byteLength(text);
  if (bytes > LONGEST) throw new Error(`the query has ${bytes} bytes, but may have ${LONGEST}`);
  const query = members(JSON.parse(text), ["filter", "sort", "page"]);
  const { limit = 0, token = "" } = members(query["page"] ?? {}, ["limit", "token"]);
  if (typeof token !== "string" || !/^(\+?\d+)?$/.test(token)) {
    throw new Error(`the token ${JSON.stringify(token)} is none that a query gave`);
  }
  const sort = ((query["sort"] ?? []) as unknown[]).map((entry) => {
    const { key, order = "ASC" } = members(entry, ["key", "order"]);
    if (typeof key !== "string") throw new Error("the query: missing field `key`");
    if (order === "ASC" || order === "DESC") return { path: key.split("."), descending: order === "DESC" };
    throw new Error(`the query: unknown variant \`${String(order)}\`, expected \`ASC\` or \`DESC\``);
  });
  const takes = query["filter"] === undefined || query["filter"] === null ? () => true : filter(query["filter"], 0);
  if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 0) {
    throw new Error(`the query: invalid value: ${JSON.stringify(limit)}, expected usize`);
  }
  return { takes, sort, first: Number(token), limit: limit === 0 ? MOST : Math.min(limit, MOST) };
}

/** The page of a query over values in any order; an empty token after the last one. */
export function page<T extends { key: string; text: string }>(query: string, values: Iterable<T>) {
  const { takes, sort, first, limit } = parse(query);
  const found = [...values]
    .map((item) => ({ item, value: JSON.parse(item.text) as unknown }))
    .filter(({ value }) => takes(value))
    .sort((a, b) => texts(a.item.key, b.item.key));
  if (sort.length > 0) {
    found.sort((a, b) => {
      for (const { path, descending } of sort) {
        const rank = ranked(at(a.value, path), at(b.value, path));
        if (rank !== 0) return descending ? -rank : rank;
      }
      return 0;
    });
  }
  const end = first + limit;
  return {
    results: found.slice(first, end).map(({ item }) => item),
    token: found.length > end ? String(end) : "",
  };
}
