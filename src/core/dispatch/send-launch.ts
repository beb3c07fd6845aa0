/** Sends a stored launch and records the answer. A spot launch without capacity is followed by one on demand. */
import { change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import type { LaunchOutcome } from '../ports.ts';
import { instanceKey, launchKey } from '../records.ts';
import type { Attempt, Launch, Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { planKeys, soonest } from './plan-pool.ts';
import { settleLaunch } from './settle-launch.ts';
import { claimWake } from './wake-later.ts';

export interface Sent {
  readonly launched: readonly Attempt[];
  readonly wakeMs?: number;
  /** The answer could not be stored. The launch is sent again, with the same token. */
  readonly isUnrecorded: boolean;
  readonly known: Ledger;
}

export async function sendLaunch(deps: DispatchDeps, pool: Pool, launch: Launch, known: Ledger): Promise<Sent> {
  const outcome = await deps.fleet.launch(launch, pool);
  const { id, market, attemptIds } = launch;
  deps.log({ event: 'launch', launch: id, pool: pool.name, market, attempts: attemptIds, ...describe(outcome) });
  const instances = outcome.kind === 'ok' ? outcome.instanceIds.map(instanceKey) : [];
  const keys = (ledger: Ledger) => [
    launchKey(launch.id),
    ...planKeys(deps.pools, [launch, ...ledger.jobs()], ledger.now),
    // Only after a conflict: an instance may have died before it could be bound.
    ...(ledger.isKnown ? [] : instances),
  ];
  const decide = (ledger: Ledger) => {
    const answer = settleLaunch(ledger, launch.id, outcome, pool, deps.deploymentId);
    return { ...answer, wakeMs: claimWake(ledger, pool, answer.wakeMs) };
  };
  const settled = await change(changeDeps(deps), keys, decide, known);
  if (settled.kind === 'failed') return { launched: [], isUnrecorded: true, known };
  const { launched, wakeMs, launches } = settled.result;
  let sent: Sent = { launched, wakeMs, isUnrecorded: false, known: settled.known };
  for (const next of launches) sent = join(sent, await sendLaunch(deps, pool, next, sent.known));
  return sent;
}

/** What a launch gave, and one that follows from it: on demand after spot, or for an instance that died at once. */
const join = (first: Sent, second: Sent): Sent => ({
  launched: [...first.launched, ...second.launched],
  wakeMs: soonest([first.wakeMs, second.wakeMs]),
  isUnrecorded: first.isUnrecorded || second.isUnrecorded,
  known: second.known,
});

const describe = (outcome: LaunchOutcome) => ({
  outcome: outcome.kind,
  ...(outcome.kind === 'ok' ? { instances: outcome.instanceIds } : { detail: outcome.detail }),
});
