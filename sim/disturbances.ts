/** When faults struck the functions of a deployment: so many in the life of an instance can keep it from its letter. */
import type { StrikeFault } from './faults.ts';

/** One is repaired within a minute or so, and a boot deadline leaves time for two. */
const SURVIVED = 2;
const DISTURBING = /^(table|mailbox|queue|dispatch|reconcile|github|deployment|launch|instances|clock)/;

export class Disturbances {
  private readonly times: number[] = [];
  private readonly clock: () => number;

  constructor(clock: () => number) {
    this.clock = clock;
  }

  /** The same question, remembered. */
  watch(strike: StrikeFault): StrikeFault {
    return (fault, what) => {
      const hit = strike(fault, what);
      if (hit && DISTURBING.test(fault)) this.times.push(this.clock());
      return hit;
    };
  }

  isTooMuchSince(time: number): boolean {
    return this.times.filter((at) => at >= time).length > SURVIVED;
  }
}
