// How a frame names its function.
const frame = (e) => e.stack.split("\n")[1].replace(/\((.*[/])?(.*?)\)$/, "($2)").replace(/at (file:.*[/]|.*[/])/, "at ");
function Foo() {
  this.error = new Error("constructor");
}
const object = {
  method() {
    return new Error("m");
  },
  get getter() {
    return new Error("g");
  },
  ["two words"]() {
    return new Error("w");
  },
  arrow: () => new Error("a"),
};
class Shop {
  method() {
    return new Error("m");
  }
  static make() {
    return new Error("s");
  }
  #hidden() {
    return new Error("p");
  }
  open() {
    return this.#hidden();
  }
}
class Market extends Shop {}
const alone = object.method;
const alias = { other: object.method };
const line = (text) => text.replace(/\(?[^( ]*\.m?js:/, "(").replace(/\)$/, "");
export default {
  fetch() {
    return [
      new Foo().error,
      object.method(),
      object.getter,
      object["two words"](),
      object.arrow(),
      new Shop().method(),
      Shop.make(),
      new Shop().open(),
      new Market().method(),
      alone(),
      alias.other(),
      (() => new Error("anonymous"))(),
      [1].map(() => new Error("callback"))[0],
    ].map((e) => line(frame(e)));
  },
};
