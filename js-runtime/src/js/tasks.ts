// Tasks that need nothing of the host: messages between ports, setImmediate, events about rejections. They run one at a time, each when
// the job queue is empty, so they cost no operation.
import { call, openOperations } from "./operations.js";
import { apply, then } from "./primordials.js";

/** Tasks after which the host is let in once, where operations are open: their completions must not wait for an endless chain. */
const MOST_IN_A_ROW = 100;

let queue: (() => void)[] = [];
let next = 0;
let inARow = 0;
let yielding = false;

export const queueTask = (task: () => void): void => {
  queue[queue.length] = task;
};

const goOn = (): void => {
  yielding = false;
  inARow = 0;
};

/** Runs one task → whether there was one to run now. */
export const runTask = (): boolean => {
  if (next === queue.length || yielding) return false;
  if (inARow >= MOST_IN_A_ROW && openOperations() > 0) {
    yielding = true;
    apply(then, call("timer.start", { ms: 0 }, null), [goOn, goOn]);
    return false;
  }
  inARow++;
  const task = queue[next++] as () => void;
  if (next === queue.length) {
    queue = [];
    next = 0;
  }
  task();
  return true;
};
