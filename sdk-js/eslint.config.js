import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

export default defineConfig(
  globalIgnores(["dist/", "build/"]),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      // The SDK is called from plain JavaScript too: it checks what the types already promise.
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
    files: ["test/**"],
    rules: { "@typescript-eslint/no-floating-promises": "off" },
  },
  { files: ["*.js"], extends: [ts.configs.disableTypeChecked] },
);
