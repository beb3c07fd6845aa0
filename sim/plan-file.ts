/** A fault plan in a file: it repeats one world. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_NAMES } from './fault-classes.ts';
import type { Strike } from './faults.ts';
import { hash } from './rng.ts';

export interface Plan {
  /** Draws all but the faults: jobs, pools, times. */
  readonly seed: number;
  readonly strikes: readonly Strike[];
  /** What it once broke. */
  readonly found?: string;
}

export const REGRESSIONS = 'sim/regressions';

/** @throws when the file is not there, or no plan. */
export function readPlan(file: string): Plan {
  const plan = JSON.parse(readFileSync(file, 'utf8')) as Partial<Plan>;
  if (!Number.isSafeInteger(plan.seed) || !Array.isArray(plan.strikes)) throw new Error(`${file} is no fault plan`);
  for (const { fault, nth } of plan.strikes)
    if (!FAULT_NAMES.includes(fault) || !Number.isSafeInteger(nth))
      throw new Error(`${file}: no such fault: ${fault} ${nth}`);
  return plan as Plan;
}

/** Returns the file, whose name follows from the plan. */
export function keepPlan(plan: Plan): string {
  const { seed, strikes } = plan;
  const file = join(
    REGRESSIONS,
    `${hash(JSON.stringify([seed, strikes]))
      .toString(16)
      .padStart(8, '0')}.json`,
  );
  writeFileSync(file, `${JSON.stringify(plan, undefined, 2)}\n`);
  return file;
}
