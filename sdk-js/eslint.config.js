// The rules for every TypeScript and JavaScript file of the repository. `make lint` runs them from its root; here they run for the SDK.
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import path from "node:path";
import ts from "typescript-eslint";

const root = path.dirname(import.meta.dirname);

/** What a function, a script or a test of Node finds on the global object. */
const globals = [
  "AbortController",
  "AbortSignal",
  "atob",
  "btoa",
  "Buffer",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "Blob",
  "fetch",
  "File",
  "FormData",
  "Headers",
  "performance",
  "process",
  "queueMicrotask",
  "Request",
  "Response",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "structuredClone",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "URLSearchParams",
  "WebAssembly",
];

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "**/build/",
    "**/target/",
    "**/.deps/",
    // Programs that tests and benchmarks run: many are wrong on purpose, some are measured as they are.
    "tests/cases/",
    "tests/fuzz/",
    "tests/lines/forms/",
    "tests/lines/values/",
    "tests/peers/workloads/",
    "tests/types/",
    // What is on the global object stands in no module.
    "sdk-js/globals/",
    "sdk-js/globals.d.ts",
    "host/benches/programs/",
  ]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      // The SDK is called from plain JavaScript too: it checks what the types already promise. So does the guest.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // `get<T>(key)`: what the developer says about a stored value; nothing here can infer it.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // A handler without a return statement gives `void` or `Promise<void>`.
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    // `describe` and `test` of node:test return promises that the runner awaits itself.
    files: ["**/test/**/*.ts"],
    rules: { "@typescript-eslint/no-floating-promises": "off" },
  },
  {
    // The language's functions are taken here without their objects, to be called with `apply`.
    files: ["**/js-runtime/src/js/primordials.ts"],
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    files: ["**/js-runtime/src/**/*.ts"],
    rules: {
      // Web IDL says how many parameters a function shows, and that one which gives a promise never throws.
      "prefer-rest-params": "off",
      "@typescript-eslint/no-useless-default-assignment": "off",
      "@typescript-eslint/require-await": "off",
      // `void this.#brand` throws for an object of another kind.
      "@typescript-eslint/no-meaningless-void-operator": "off",
      // A template converts a developer's value as the standard's ToString does; `String(value)` accepts symbols.
      "@typescript-eslint/no-unnecessary-template-expression": "off",
      // A DOMException is an error, though no subclass of Error, and what a developer's code threw is thrown again.
      "@typescript-eslint/only-throw-error": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: { globals: Object.fromEntries(globals.map((name) => [name, "readonly"])) },
  },
);
