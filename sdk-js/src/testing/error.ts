// Failures as a host reports them; `internal/call.ts` turns them into the SDK's classes.

/** An Error with a code. */
export function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
