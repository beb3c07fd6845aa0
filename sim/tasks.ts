/** What a thread can be asked for. Plain data goes in and comes out. */

import { type Killer, probe, type Verdict } from './mutants/probe.ts';
import { checkPlans, type PlanCheck } from './plans.ts';
import { runSeeds } from './seeds.ts';
import type { ShapeLimits } from './shape.ts';
import type { Tally } from './tally.ts';

export type Task =
  | { readonly kind: 'seeds'; readonly from: number; readonly count: number; readonly shape: ShapeLimits }
  | { readonly kind: 'plans'; readonly seed: number; readonly count: number }
  | { readonly kind: 'probe'; readonly killers: readonly Killer[] };

export type Answer<Kind extends Task['kind']> = Kind extends 'seeds'
  ? Tally
  : Kind extends 'plans'
    ? PlanCheck
    : Verdict;

export function doTask(task: Task): Promise<Tally | PlanCheck | Verdict> {
  switch (task.kind) {
    case 'seeds':
      return runSeeds(task.from, task.count, task.shape);
    case 'plans':
      return checkPlans(task.seed, task.count);
    case 'probe':
      return probe(task.killers);
  }
}
