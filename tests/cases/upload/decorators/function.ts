const log: string[] = [];
function note(value: any, context: any): any {
  log.push([context.kind, context.name, context.static, context.private].filter((part) => part !== undefined).join(":"));
  if (context.kind === "method") return function (this: unknown, ...args: unknown[]) { return value.apply(this, args).toUpperCase() };
  if (context.kind === "accessor") return { init: (n: number) => n * 10 };
  if (context.kind === "field") return (initial: string) => `${initial}!`;
}
function started(_: any, context: any) {
  context.addInitializer(function (this: any) { this.started = true });
}

@note
class Shop {
  @note
  greet() { return "hello" }
  @note accessor count = 1;
  @note name = "shop";
  @note static get size() { return 1 }
  @started start() {}
  declare started: boolean;
}

function fail(): never {
  const nothing: any = null;
  return nothing.x;
}
export default (request: Request) => {
  if (request.url.includes("throw")) fail();
  const shop = new Shop();
  return { log, greet: shop.greet(), count: shop.count, name: shop.name, started: shop.started };
};
