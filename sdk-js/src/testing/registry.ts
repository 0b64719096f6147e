// Which functions there are, and whose actors of a type are.
import { UploadError } from "./error.js";
import type { MountedFunction } from "./function.js";

export class Registry {
  readonly #functions = new Map<string, MountedFunction>();
  /** By actor types. */
  readonly #owners = new Map<string, string>();

  /** Puts a function in the place of the one that has its name. Refuses actors of another function. */
  add(mounted: MountedFunction): void {
    for (const type of mounted.actors) this.#checkOwner(type, mounted.name);
    for (const type of mounted.actors) this.#owners.set(type, mounted.name);
    this.#functions.set(mounted.name, mounted);
  }

  has(name: string): boolean {
    return this.#functions.has(name);
  }

  get(name: string): MountedFunction | undefined {
    return this.#functions.get(name);
  }

  /** The function of that name; `where` is the call of the test that needs it. */
  require(where: string, name: string): MountedFunction {
    const mounted = this.#functions.get(name);
    if (mounted !== undefined) return mounted;
    const known = [...this.#functions.keys()].join(", ");
    throw new Error(`${where}: no function "${name}" is mounted. Known: ${known}`);
  }

  /** In the order of mounting. */
  all(): Iterable<MountedFunction> {
    return this.#functions.values();
  }

  /** The function that exports an actor type now. */
  owner(type: string): MountedFunction | undefined {
    const mounted = this.#functions.get(this.#owners.get(type) ?? "");
    return mounted?.actors.includes(type) ? mounted : undefined;
  }

  /** An actor type stays the function's that exported it first. */
  #checkOwner(type: string, name: string): void {
    const owner = this.#owners.get(type);
    if (owner === undefined || owner === name) return;
    const [quoted, of] = [JSON.stringify(type), `the function ${JSON.stringify(owner)}`];
    if (this.owner(type) !== undefined) {
      const taken = `the actor type ${quoted} is exported by ${of} already`;
      throw new UploadError(409, "actorTypeTaken", `${taken}; an actor type belongs to one function`);
    }
    const left = `the actors of type ${quoted} belong to ${of}, which does not export the type now`;
    const way = `their state goes to another function only by POST /actors/${type}/owner with {"function": "NAME"}`;
    throw new UploadError(409, "actorTypeOwned", `${left}; ${way}`);
  }
}
