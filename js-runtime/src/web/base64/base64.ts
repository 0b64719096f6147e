// atob and btoa (HTML Standard §8.3).
import { atob, btoa } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { installFunctions, required, usvString } from "../webidl/webidl.js";

const invalid = (message: string): DOMException => new DOMException(message, "InvalidCharacterError");

installFunctions({
  atob(data: unknown): string {
    required(arguments.length, 1, "atob");
    return atob(usvString(data)) ?? raise(invalid("atob: the string is not correctly encoded base64"));
  },
  btoa(data: unknown): string {
    required(arguments.length, 1, "btoa");
    return btoa(usvString(data)) ?? raise(invalid("btoa: the string has a character above U+00FF"));
  },
});

function raise(error: DOMException): never {
  throw error;
}
