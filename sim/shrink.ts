/** Finds fewer faults that still break a world: halves, quarters, ... single strikes are left out for as long as it breaks. */
import type { Strike } from './faults.ts';
import { runWorld, type WorldResult } from './run.ts';
import type { WorldOptions } from './world.ts';

export async function shrink(options: WorldOptions, failed: WorldResult): Promise<WorldResult> {
  const invariant = failed.violations[0]?.invariant;
  const breaks = async (strikes: readonly Strike[]) => {
    const result = await runWorld({ ...options, faults: { kind: 'plan', strikes } });
    return result.violations[0]?.invariant === invariant ? result : undefined;
  };
  let best = (await breaks(failed.strikes)) ?? failed;
  for (let size = Math.ceil(best.strikes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.strikes.length; ) {
      const without = best.strikes.filter((_, position) => position < from || position >= from + size);
      const result = await breaks(without);
      if (result) best = { ...result, strikes: without };
      else from += size;
    }
  }
  return best;
}
