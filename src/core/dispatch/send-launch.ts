/** Sends a stored launch and records the answer. A spot launch without capacity is followed by one on demand. */
import { change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import { jobIdOfAttempt } from '../names.ts';
import type { LaunchOutcome } from '../ports.ts';
import { launchKey } from '../records.ts';
import type { Attempt, Launch, Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { planKeys } from './plan-pool.ts';
import { settleLaunch } from './settle-launch.ts';
import { claimWake } from './wake-later.ts';

export interface Sent {
  readonly launched: readonly Attempt[];
  readonly wakeMs?: number;
  /** Jobs of a launch whose answer could not be stored. It is sent again, with the same token. */
  readonly unrecorded: readonly string[];
  readonly known: Ledger;
}

export async function sendLaunch(deps: DispatchDeps, pool: Pool, launch: Launch, known: Ledger): Promise<Sent> {
  const outcome = await deps.fleet.launch(launch, pool);
  const { id, market, attemptIds } = launch;
  deps.log({ event: 'launch', launch: id, pool: pool.name, market, attempts: attemptIds, ...describe(outcome) });
  const keys = [launchKey(launch.id), ...planKeys(pool, launch.installationId, deps.clock())];
  const decide = (ledger: Ledger) => {
    const answer = settleLaunch(ledger, launch.id, outcome, pool, deps.deploymentId);
    return { ...answer, wakeMs: claimWake(ledger, pool, answer.wakeMs) };
  };
  const settled = await change(changeDeps(deps), keys, decide, known);
  if (settled.kind === 'failed') return { launched: [], unrecorded: launch.attemptIds.map(jobIdOfAttempt), known };
  const { launched, wakeMs, launch: next } = settled.result;
  if (!next) return { launched, wakeMs, unrecorded: [], known: settled.known };
  const fallback = await sendLaunch(deps, pool, next, settled.known);
  return { ...fallback, launched: [...launched, ...fallback.launched] };
}

const describe = (outcome: LaunchOutcome) => ({
  outcome: outcome.kind,
  ...(outcome.kind === 'ok' ? { instances: outcome.instanceIds } : { detail: outcome.detail }),
});
