/** One world to its result. */

import type { Strike } from './faults.ts';
import type { FinalView } from './final-view.ts';
import type { HappeningAt } from './history.ts';
import { hash } from './rng.ts';
import { type Violation, World, type WorldOptions } from './world.ts';

export interface WorldResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly strikes: readonly Strike[];
  readonly view: FinalView;
  readonly events: number;
}

export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  const world = new World(options);
  const view = await world.run();
  const { violations, strikes, clock, seed } = world;
  return { seed, violations, strikes, view, events: clock.events };
}

/** The same for the same history, whatever machine and process. */
export async function hashOfWorld(options: WorldOptions): Promise<number> {
  let sum = 0;
  const onHappening = (happening: HappeningAt) => {
    sum = hash(textOf(happening), sum);
  };
  await runWorld({ ...options, onHappening });
  return sum;
}

/** Live records of GitHub's model are left out: they change later. */
export const textOf = (happening: HappeningAt) =>
  JSON.stringify(happening, (name, value) => (name === 'delivery' ? undefined : value));
