// The operations `secrets.*` over what the test gave, with the grants of the function that asks.
import { randomUUID } from "node:crypto";
import type { Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import { completion } from "./completion.js";
import { invalid, noComponent, unknownOperation } from "./error.js";
import { allows, refused } from "./grants.js";

/** A value of a file of secrets. Members of objects and arrays are secrets with joined names, as in `redis:password`. */
export type FakeSecret =
  string | number | boolean | null | { readonly [name: string]: FakeSecret } | readonly FakeSecret[];

/** Secrets by store and key. */
export type FakeSecrets = Record<string, Record<string, FakeSecret>>;

interface Args {
  store?: string;
  key: string;
}

const SEPARATOR = ":";

/** Every secret under a value by its whole name. */
function flatten(name: string, value: FakeSecret, found: Map<string, string>): void {
  if (typeof value !== "object" || value === null) {
    found.set(name, typeof value === "string" ? value : JSON.stringify(value));
    return;
  }
  for (const [part, inner] of Object.entries(value)) {
    flatten(name === "" ? part : `${name}${SEPARATOR}${part}`, inner, found);
  }
}

export function runSecrets(secrets: FakeSecrets, op: string, caller: Caller, args: Args): Completion {
  const { store = "secretstore", key } = args;
  // The test itself may read everything.
  const list = caller.grants === undefined ? [`${store}/*`] : (caller.grants.secrets ?? []);
  const granted = (name: string) => allows(list, `${store}/${name}`);
  const values = () => {
    const found = secrets[store];
    if (found === undefined) {
      throw noComponent("ERR_SECRET_STORE_NOT_FOUND", `secret store ${store} is`, Object.keys(secrets));
    }
    const flat = new Map<string, string>();
    flatten("", found, flat);
    return flat;
  };
  switch (op) {
    case "secrets.get": {
      if (key === "") throw invalid("a secret's key cannot be empty");
      if (!granted(key)) throw refused(caller, "secrets", `${store}/${key}`);
      const value = values().get(key);
      if (value === undefined) return completion({ found: false });
      return completion({ found: true }, JSON.stringify({ [key]: value }));
    }
    case "secrets.ref": {
      if (caller.grants !== undefined && !list.some((entry) => entry.includes("@"))) {
        throw refused(caller, "secrets", `${store}/${key}@host`);
      }
      // A test's hosts see the text itself: what a test holds is no secret.
      return completion({ text: `daplet-secret-${randomUUID().replaceAll("-", "")}` });
    }
    case "secrets.getBulk": {
      if (!list.some((entry) => entry.startsWith(`${store}/`))) throw refused(caller, "secrets", `${store}/*`);
      const entries = [...values()].filter(([name]) => granted(name)).sort(([a], [b]) => (a < b ? -1 : 1));
      return completion(
        {},
        JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, { [name]: value }]))),
      );
    }
    default:
      throw unknownOperation(op);
  }
}
