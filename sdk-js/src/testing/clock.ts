// Time that stops until a test moves it, so that lifetimes can be tested without waiting.

export class FakeClock {
  #now: number;

  constructor(start: number) {
    this.#now = start;
  }

  /** Milliseconds since the Unix epoch. */
  get now(): number {
    return this.#now;
  }

  /** Moves time forward. */
  advance(milliseconds: number): void {
    if (!(milliseconds >= 0)) throw new TypeError("clock.advance: milliseconds must be a number of at least 0");
    this.#now += milliseconds;
  }
}
