/** A world that is told by hand: what somebody suffered from, and what must be seen instead. */
import type { FaultRule } from '../faults.ts';
import type { HappeningAt } from '../history.ts';
import { runWorld, type WorldResult } from '../run.ts';
import type { Shape } from '../shape.ts';
import type { World } from '../world.ts';

export interface Scenario {
  readonly name: string;
  /** Whose pain it is, or where the mistake was argued. */
  readonly from: string;
  readonly shape: Shape;
  /** Default: nothing fails. */
  readonly faults?: FaultRule;
  /** What else happens. */
  readonly script?: (world: World) => void;
  /** Beside the invariants. Returns what is wrong. */
  readonly expect?: (seen: Seen) => string | undefined;
}

export interface Seen extends WorldResult {
  readonly history: readonly HappeningAt[];
}

/** Whatever the seed: scenarios must not depend on it. */
const SEED = 1;

/** What is wrong; nothing, when all is well. */
export async function runScenario(
  { shape, faults, script, expect }: Scenario,
  seed = SEED,
  onHappening: (happening: HappeningAt) => void = () => {},
): Promise<readonly string[]> {
  const history: HappeningAt[] = [];
  const result = await runWorld({
    seed,
    shape,
    script,
    faults: faults ? { kind: 'rule', rule: faults } : { kind: 'none' },
    onHappening: (happening) => {
      history.push(happening);
      onHappening(happening);
    },
  });
  const broken = result.violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  const missed = expect?.({ ...result, history });
  return missed === undefined ? broken : [...broken, missed];
}
