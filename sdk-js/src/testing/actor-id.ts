// Who an actor is.

export interface ActorId {
  type: string;
  id: string;
}

/** Longest type and id, bytes: they become parts of keys. */
const LONGEST = 256;

/** An actor in one word: `type/id`. */
export function label({ type, id }: ActorId): string {
  return `${type}/${id}`;
}

/** Refuses what could be mistaken for another actor's key or path. */
export function checkId({ type, id }: ActorId): void {
  for (const [what, text] of Object.entries({ type, id })) {
    const bytes = Buffer.byteLength(text);
    if (bytes === 0 || bytes > LONGEST) throw new Error(`an actor's ${what} has 1 to ${LONGEST} bytes, not ${bytes}`);
    // eslint-disable-next-line no-control-regex
    if (/\|\||\|$|[/\\?#\u0000-\u001f\u007f-\u009f]/.test(text)) {
      throw new Error(`an actor's ${what} has no "||", slash, ? or # in it, as ${JSON.stringify(text)} has`);
    }
  }
}
