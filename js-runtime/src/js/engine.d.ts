/** What the engine has and TypeScript's library for ECMAScript lacks. */
interface ErrorConstructor {
  captureStackTrace(target: object, above?: unknown): void;
}
