/** A call from a function to the world: it takes time, and the function may die before or after it has its effect. */
import type { SimClock } from '../clock.ts';
import type { FaultName } from '../fault-classes.ts';
import type { StrikeFault } from '../faults.ts';
import type { Happening, Role } from '../history.ts';
import { type Invocation, never } from '../invocation.ts';
import type { Rng } from '../rng.ts';

/** What the ports of one invocation share. */
export interface PortContext {
  readonly clock: SimClock;
  readonly invocation: Invocation;
  readonly deployment: number;
  /** How long calls take. */
  readonly latency: Rng;
  readonly strike: StrikeFault;
  readonly tell: (happening: Happening) => void;
}

const CRASH: Record<Role, readonly [before: FaultName, after: FaultName]> = {
  webhook: ['webhook-crash', 'webhook-crash'],
  dispatch: ['dispatch-crash-before', 'dispatch-crash-after'],
  reconcile: ['reconcile-crash-before', 'reconcile-crash-after'],
};

export interface CallTime {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Reads nothing but the answer: no need to die around it. */
export async function read<Result>(
  context: PortContext,
  time: CallTime,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  const { invocation, latency, clock } = context;
  if (invocation.isDead) return never();
  await clock.sleep(latency.between(time.fromMs, time.toMs));
  if (invocation.isDead) return never();
  return run();
}

/** Has an effect. What was sent before the function died takes effect all the same. */
export async function effect<Result>(
  context: PortContext,
  time: CallTime,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  const { invocation, latency, clock, strike } = context;
  if (invocation.isDead) return never();
  const [before, after] = CRASH[invocation.role];
  if (strike(before)) {
    invocation.die(before);
    return never();
  }
  await clock.sleep(latency.between(time.fromMs, time.toMs));
  const result = await run();
  if (!invocation.isDead && strike(after)) invocation.die(after);
  return invocation.isDead ? never() : result;
}
