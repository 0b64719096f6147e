// navigator.userAgent (HTML Standard §8.10.1.1): what libraries ask to learn where they run.
import { version } from "daplet:natives";
import { install, installAttribute } from "../webidl/webidl.js";

const KEY = Symbol("internal");

class Navigator {
  #brand = true;
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
  }
  get userAgent(): string {
    void this.#brand;
    return `Daplet/${version}`;
  }
}
install("Navigator", Navigator, 0);
installAttribute("navigator", new Navigator(KEY));
