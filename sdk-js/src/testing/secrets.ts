// The operations `secrets.*` over what the test gave, with the grants of the function that asks.
import type { Completion } from "../internal/call.js";
import { failure } from "./error.js";
import { allows, type Caller, refused } from "./grants.js";
import { completion } from "./state.js";

/** Secrets by store and key. */
export type FakeSecrets = Record<string, Record<string, string>>;

interface Args {
  store?: string;
  key: string;
}

export function runSecrets(secrets: FakeSecrets, op: string, caller: Caller, args: Args): Completion {
  const { store = "secretstore", key } = args;
  // The test itself may read everything.
  const list = caller.grants === undefined ? [`${store}/*`] : (caller.grants.secrets ?? []);
  const granted = (name: string) => allows(list, `${store}/${name}`);
  const values = () => {
    const found = secrets[store];
    if (found !== undefined) return found;
    const known = Object.keys(secrets).join(", ");
    throw failure("ERR_SECRET_STORE_NOT_FOUND", `secrets: there is no store "${store}". Known: ${known}`);
  };
  switch (op) {
    case "secrets.get": {
      if (!granted(key)) throw refused(caller, "secrets", `${store}/${key}`);
      const value = values()[key];
      if (value === undefined) return completion({ found: false });
      return completion({ found: true }, JSON.stringify({ [key]: value }));
    }
    case "secrets.getBulk": {
      if (!list.some((entry) => entry.startsWith(`${store}/`))) throw refused(caller, "secrets", `${store}/*`);
      const entries = Object.entries(values()).filter(([name]) => granted(name));
      return completion(
        {},
        JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, { [name]: value }]))),
      );
    }
    default:
      throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
  }
}
