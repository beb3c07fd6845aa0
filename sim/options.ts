/** The options of `npm run sim`. */
import { parseArgs } from 'node:util';

export interface SimOptions {
  readonly seeds: number;
  readonly seed?: number;
  readonly trace: boolean;
  readonly shrink: boolean;
  readonly plan?: string;
  readonly mutants: boolean;
  readonly mutant?: string;
  readonly scenarios: boolean;
  readonly scenario?: string;
  readonly burst?: number;
  readonly jobs?: number;
  readonly minutes?: number;
  readonly threads?: number;
  readonly coverage: boolean;
  readonly help: boolean;
}

export const HELP = `npm run sim -- [options]

  --seeds N        worlds with the seeds 1 to N (default 1,000)
  --seed S         one world; or, with --seeds, the first seed
    --trace        tells its story
    --shrink       finds the fewest of its faults that still break it, and keeps them as a plan
  --plan FILE      a kept fault plan (sim/regressions/*.json)
  --scenarios      all named scenarios
  --scenario NAME  one of them, with its story
  --mutants        breaks the product in known ways: each must be noticed
  --mutant NAME    one of them
  --burst N        N jobs at once: prints how they are placed within GitHub's limits
  --jobs N         jobs of each world, instead of 4 to 10
  --minutes N      how long faults last in each world, instead of 10
  --threads N      default: one for each core
  --coverage       counts of every fault and branch
`;

export class BadUsage extends Error {
  override readonly name = 'BadUsage';
}

const DEFAULT_SEEDS = 1_000;

/** @throws BadUsage */
export function readOptions(args: readonly string[]): SimOptions {
  const { values } = parse(args);
  const number = (name: 'seeds' | 'seed' | 'burst' | 'jobs' | 'minutes' | 'threads', least: number) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new BadUsage(`--${name} takes a whole number from ${least} on, not "${text}"`);
  };
  return {
    seeds: number('seeds', 1) ?? (values.seed === undefined ? DEFAULT_SEEDS : 1),
    seed: number('seed', 0),
    trace: values.trace ?? false,
    shrink: values.shrink ?? false,
    plan: values.plan,
    mutants: values.mutants ?? false,
    mutant: values.mutant,
    scenarios: values.scenarios ?? false,
    scenario: values.scenario,
    burst: number('burst', 1),
    jobs: number('jobs', 1),
    minutes: number('minutes', 1),
    threads: number('threads', 1),
    coverage: values.coverage ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ seeds: text, seed: text, plan: text, burst: text, jobs: text, minutes: text, threads: text },
        ...{ mutant: text, scenario: text },
        ...{ trace: flag, shrink: flag, mutants: flag, scenarios: flag, coverage: flag, help: flag },
      },
    });
  } catch (error) {
    throw new BadUsage((error as Error).message);
  }
}
