/** `--seed S` and `--plan FILE`: one world, with its story. */
import { BadUsage, type SimOptions } from '../options.ts';
import { keepPlan, readPlan } from '../plan-file.ts';
import { runWorld, type WorldResult } from '../run.ts';
import { faultsOfSeed } from '../seeds.ts';
import { drawShape } from '../shape.ts';
import { shrink } from '../shrink.ts';
import { lineOf, timeOf } from '../trace.ts';
import type { WorldOptions } from '../world.ts';

export async function tellSeed(seed: number, options: SimOptions): Promise<number> {
  const world: WorldOptions = { seed, faults: faultsOfSeed(seed), shape: drawShape(seed, options) };
  const result = await tellWorld(world, options.trace);
  if (options.shrink && result.violations.length > 0) {
    const least = await shrink(world, result);
    const found = least.violations[0]?.what;
    console.log(`${result.strikes.length} faults shrink to ${least.strikes.length}`);
    console.log(`npm run sim -- --trace --plan ${keepPlan({ seed, strikes: least.strikes, found })}`);
  }
  return result.violations.length > 0 ? 1 : 0;
}

export async function tellPlan(file: string, options: SimOptions): Promise<number> {
  const { seed, strikes } = readOrComplain(file);
  const result = await tellWorld({ seed, faults: { kind: 'plan', strikes } }, options.trace);
  return result.violations.length > 0 ? 1 : 0;
}

function readOrComplain(file: string) {
  try {
    return readPlan(file);
  } catch (error) {
    throw new BadUsage((error as Error).message);
  }
}

async function tellWorld(world: WorldOptions, isTold: boolean): Promise<WorldResult> {
  const result = await runWorld({
    ...world,
    onHappening: (happening) => {
      const line = isTold ? lineOf(happening) : undefined;
      if (line !== undefined) console.log(line);
    },
  });
  const { view, violations, strikes, events } = result;
  const counts = `${view.jobs} jobs, ${view.launches} launches, ${strikes.length} faults, ${events} events`;
  console.log(`${counts}, ${timeOf(view.atMs).trim()}`);
  for (const { invariant, atMs, what } of violations)
    console.log(`VIOLATION at ${timeOf(atMs).trim()}: ${invariant}: ${what}`);
  return result;
}
