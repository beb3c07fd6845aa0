/**
 * The effects that follow a stored decision, in the order in which they must happen: send launches, make JIT configs,
 * end what is not needed, wake later. Each is repeatable: a crash in between is repaired by doing it again.
 */
import type { Ledger } from '../ledger.ts';
import type { Attempt, Launch, Pool } from '../types.ts';
import type { DispatchDeps } from './deps.ts';
import { endAttempt } from './end-attempt.ts';
import { soonest } from './plan-pool.ts';
import { registerAttempts } from './register-attempts.ts';
import { sendLaunch } from './send-launch.ts';
import { sendWake } from './wake-later.ts';

export interface FollowUp {
  readonly pool: Pool;
  /** Stored launches to send, or to send again. */
  readonly launches: readonly Launch[];
  /** Attempts with an instance and without a JIT config. */
  readonly register: readonly Attempt[];
  /** Spares that idled for long enough. */
  readonly end: readonly Attempt[];
  /** Claimed: a wake message to send with this delay. */
  readonly wakeMs?: number;
}

/** `known`: the records as the decision left them. False: not all of it could be recorded or asked for; do it again. */
export async function followUp(deps: DispatchDeps, work: FollowUp, known: Ledger): Promise<boolean> {
  const { pool } = work;
  const sent = await Promise.all(work.launches.map((launch) => sendLaunch(deps, pool, launch, known)));
  const registered = await Promise.all([
    registerAttempts(deps, pool, work.register, known),
    ...sent.map((one) => registerAttempts(deps, pool, one.launched, one.known)),
  ]);
  await Promise.all(work.end.map((attempt) => endAttempt(deps, pool, attempt)));
  const wakeMs = soonest([work, ...sent, ...registered].map((one) => one.wakeMs));
  const isAsked = wakeMs === undefined || (await sendWake(deps, pool, wakeMs));
  return isAsked && ![...sent, ...registered].some(({ isUnrecorded }) => isUnrecorded);
}
