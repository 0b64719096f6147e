import { state } from "@daplet/sdk";
type Answer = { ok: boolean; n: number };
abstract class Base<T> { constructor(protected readonly value: T) {} abstract run(): T }
class Impl extends Base<number> { run(): number { return this.value! } }
enum Color { Red, Green = 5, Blue }
export default { async fetch(request: Request): Promise<Answer> { return { ok: true satisfies boolean, n: new Impl(Color.Blue).run() } } };
