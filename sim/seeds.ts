/** Worlds by seed. */
import type { FaultSource } from './faults.ts';
import { runWorld } from './run.ts';
import { drawShape, type ShapeLimits } from './shape.ts';
import { addResult, newTally, type Tally, watchWorld } from './tally.ts';

/** One seed in so many is a world without any fault: there, every launch and call is counted exactly. */
const FAULTLESS_EVERY = 20;

export const faultsOfSeed = (seed: number): FaultSource =>
  seed % FAULTLESS_EVERY === 0 ? { kind: 'none' } : { kind: 'random', scale: 1 };

/** Worlds of the seeds `from` to `from + count - 1`. */
export async function runSeeds(from: number, count: number, shapeLimits: ShapeLimits = {}): Promise<Tally> {
  const tally = newTally();
  for (let seed = from; seed < from + count; seed += 1) {
    const faults = faultsOfSeed(seed);
    const shape = drawShape(seed, shapeLimits);
    addResult(tally, await runWorld({ seed, faults, shape, onHappening: watchWorld(tally) }), faults);
  }
  return tally;
}
