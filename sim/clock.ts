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
  async run(until: number, afterEach: () => void): Promise<void> {
    for (let next = this.heap[0]; !this.stopped && next && next.time <= until; next = this.heap[0]) {
      this.pop();
      this.now = next.time;
      this.events += 1;
      next.run();
      await macrotask();
      afterEach();
    }
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

const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve));
