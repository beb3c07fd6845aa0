/** Explicit fault plans, made and shrunk by fast-check: nothing random decides what fails, so that the least one remains. */
import fc from 'fast-check';
import { FAULT_NAMES } from './fault-classes.ts';
import type { Strike } from './faults.ts';
import type { Plan } from './plan-file.ts';
import { runWorld } from './run.ts';

/** How often a fault can strike differs: a table is asked hundreds of times, a boot ten times. */
const nth = fc.oneof(fc.nat(4), fc.nat(40), fc.nat(400));
const strike: fc.Arbitrary<Strike> = fc.record({ fault: fc.constantFrom(...FAULT_NAMES), nth });
const plan = fc.record({
  // Another seed is another world: no simpler one.
  seed: fc.noShrink(fc.integer({ min: 1, max: 1_000_000 })),
  strikes: fc.array(strike, { maxLength: 12, size: 'max' }),
});

export interface PlanCheck {
  readonly plans: number;
  /** The least plan that breaks an invariant. */
  readonly failed?: Plan;
  readonly shrinks: number;
}

export async function checkPlans(seed: number, count: number): Promise<PlanCheck> {
  const result = await fc.check(
    fc.asyncProperty(plan, async ({ seed, strikes }) => (await brokenBy(seed, strikes)) === undefined),
    { seed, numRuns: count },
  );
  const { numRuns: plans, numShrinks: shrinks } = result;
  const least = result.counterexample?.[0];
  if (!least) return { plans, shrinks };
  return { plans, shrinks, failed: { ...least, found: await brokenBy(least.seed, least.strikes) } };
}

async function brokenBy(seed: number, strikes: readonly Strike[]): Promise<string | undefined> {
  const { violations } = await runWorld({ seed, faults: { kind: 'plan', strikes } });
  const [broken] = violations;
  return broken && `${broken.invariant}: ${broken.what}`;
}
