/**
 * Virtual time: a heap of events. Between two events everything that waits for nothing but promises runs to its end, in
 * one macrotask, so that plain async code is simulated as it is.
 */
export class SimClock {
  /** Milliseconds since 1970. */
  now: number;
  /** Events so far. */
  events = 0;
  private readonly heap: Entry[] = [];
  private scheduled = 0;
  private stopped = false;

  constructor(start: number) {
    this.now = start;
  }

  readonly read = () => this.now;

  /** Whole milliseconds, as all clocks of the product have. */
  at(time: number, run: () => void): void {
    const entry = { time: Math.max(Math.round(time), this.now), order: this.scheduled++, run };
    let child = this.heap.push(entry) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = this.heap[parent] as Entry;
      if (isBefore(above, entry)) break;
      this.heap[child] = above;
      this.heap[parent] = entry;
      child = parent;
    }
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Ends `run` after the event at hand. */
  stop(): void {
    this.stopped = true;
  }

  /** Lets time pass until `stop`, or until nothing is left to happen before `until`. `afterEach`: called after each event. */
  run(until: number, afterEach: () => void): Promise<void> {
    let isFirst = true;
    return inMacrotasks(() => {
      if (!isFirst) afterEach();
      isFirst = false;
      const next = this.heap[0];
      if (this.stopped || !next || next.time > until) return false;
      this.pop();
      this.now = next.time;
      this.events += 1;
      next.run();
      return true;
    });
  }

  private pop(): void {
    const last = this.heap.pop() as Entry;
    const size = this.heap.length;
    if (size === 0) return;
    let parent = 0;
    for (let child = 1; child < size; child = 2 * parent + 1) {
      const right = child + 1;
      if (right < size && isBefore(this.heap[right] as Entry, this.heap[child] as Entry)) child = right;
      const below = this.heap[child] as Entry;
      if (isBefore(last, below)) break;
      this.heap[parent] = below;
      parent = child;
    }
    this.heap[parent] = last;
  }
}

interface Entry {
  readonly time: number;
  /** At the same time, first come first served. */
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (a: Entry, b: Entry) => a.time < b.time || (a.time === b.time && a.order < b.order);

/** So many are queued at once, because a turn of Node's event loop costs more than most events. */
const QUEUED = 64;

/** Runs `step` in macrotasks of its own, until it says that it is through. */
function inMacrotasks(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = 0;
    let isOver = false;
    const queue = () => {
      left = QUEUED;
      for (let n = 0; n < QUEUED; n++) setImmediate(take);
    };
    const take = () => {
      if (isOver) return;
      try {
        isOver = !step();
      } catch (error) {
        isOver = true;
        reject(error as Error);
      }
      left -= 1;
      if (isOver) resolve();
      else if (left === 0) queue();
    };
    queue();
  });
}
