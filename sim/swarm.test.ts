/** Random worlds on all cores, fault plans that shrink, and the plans that once broke something. */
import { globSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FAULT_NAMES } from './fault-classes.ts';
import { REGRESSIONS, readPlan } from './plan-file.ts';
import type { PlanCheck } from './plans.ts';
import { launchesPerJob } from './report.ts';
import { runWorld } from './run.ts';
import { runSwarm } from './swarm.ts';
import { type Bundle, bundleForTests } from './testing/bundle-test-support.ts';
import { runOnThreads } from './thread-pool.ts';

/** A million seeds are as good as any: these are the ones of the day when the test was written. */
const FROM = 20_261_124;
const PLANS = 5_000;
const PLANS_PER_TASK = 250;

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleForTests();
});
afterAll(() => bundle.remove());

test('800 random worlds: nothing breaks, every fault strikes, launches are few', { timeout: 180_000 }, async () => {
  const tally = await runSwarm({ entry: bundle.entry, from: FROM, seeds: 800, shape: {}, onProgress: () => {} });
  expect(tally.failed).toEqual([]);
  expect(FAULT_NAMES.filter((name) => !tally.faults[name])).toEqual([]);
  expect(tally.faultless.launches).toBe(tally.faultless.jobs);
  expect(launchesPerJob(tally)).toBeLessThanOrEqual(1.1);
});

test(`${PLANS} fault plans break nothing`, { timeout: 300_000 }, async () => {
  const checks: PlanCheck[] = [];
  let task = 0;
  await runOnThreads({
    entry: bundle.entry,
    nextTask: () => {
      if (task * PLANS_PER_TASK >= PLANS) return undefined;
      task += 1;
      return { kind: 'plans', seed: FROM + task, count: PLANS_PER_TASK };
    },
    onAnswer: (check) => checks.push(check),
  });
  expect(checks.flatMap(({ failed }) => failed ?? [])).toEqual([]);
  expect(checks.reduce((sum, { plans }) => sum + plans, 0)).toBe(PLANS);
});

const kept = globSync(`${REGRESSIONS}/*.json`);
test.runIf(kept.length > 0)('plans that once broke something do so no more', async () => {
  for (const file of kept) {
    const { seed, strikes } = readPlan(file);
    expect((await runWorld({ seed, faults: { kind: 'plan', strikes } })).violations, file).toEqual([]);
  }
});
