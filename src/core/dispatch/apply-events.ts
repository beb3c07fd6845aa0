/** Applies a batch of events in one change: fold each, then plan every pool that has waiting jobs by then. */
import { type ChangeOutcome, change } from '../change.ts';
import { isClosedLaunch } from '../launch-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { InstanceMessage, JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import type { Key } from '../ports.ts';
import { attemptKey, instanceKey, isSpare, jobKey } from '../records.ts';
import type { Attempt } from '../types.ts';
import { mayHaveRunner } from './delete-runner.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { foldInstanceGone, foldSpotWarning } from './fold-instance-event.ts';
import { foldJobEvent } from './fold-job-event.ts';
import type { FollowUp } from './follow-up.ts';
import { planKeys, planPool, soonest } from './plan-pool.ts';
import { claimWake } from './wake-later.ts';
import { isUnanswered, isUnregistered } from './wake-pool.ts';

export type EventMessage = JobMessage | InstanceMessage;

/** What a pool's plan is counted by: capacity by the pool, GitHub's points by the installation. */
interface InPool {
  readonly pool: string;
  readonly installationId: number;
}

export interface Applied {
  readonly followUps: readonly FollowUp[];
  /** Their instance is gone, and their runner is still registered. */
  readonly orphans: readonly Attempt[];
  /** They stopped instead of terminating: nothing ever starts them again. */
  readonly stopped: readonly string[];
}

export function applyEvents(deps: DispatchDeps, messages: readonly EventMessage[]): Promise<ChangeOutcome<Applied>> {
  const named = messages.flatMap((message) => keysOf(deps, message));
  const keys = (ledger: Ledger) => [
    ...named,
    ...[...ledger.jobs(), ...ledger.attempts()].flatMap((record) => planKeysOf(deps, record, ledger.now)),
  ];
  return change(changeDeps(deps), keys, (ledger) => decide(deps, ledger, messages));
}

function keysOf(deps: DispatchDeps, message: EventMessage): Key[] {
  if (message.kind === 'instance') return [instanceKey(message.instanceId)];
  const attemptId = message.runnerName && attemptIdOfRunner(deps.deploymentId, message.runnerName);
  return [
    jobKey(message.jobId),
    ...(attemptId ? [attemptKey(attemptId)] : []),
    ...planKeysOf(deps, message, deps.clock()),
  ];
}

function planKeysOf(deps: DispatchDeps, record: InPool, now: number): Key[] {
  const pool = deps.pools.get(record.pool);
  return pool ? planKeys(pool, record.installationId, now) : [];
}

function decide(deps: DispatchDeps, ledger: Ledger, messages: readonly EventMessage[]): Applied {
  const ended: Attempt[] = [];
  const reclaimed: Attempt[] = [];
  const stopped: string[] = [];
  for (const message of messages) {
    if (message.kind === 'job') {
      foldJobEvent(ledger, message, deps.deploymentId);
    } else if (message.change === 'stopped') {
      if (ledger.attemptOfInstance(message.instanceId)) stopped.push(message.instanceId);
    } else if (message.change === 'spot-warning') {
      const ending = foldSpotWarning(ledger, message.instanceId);
      if (ending) reclaimed.push(ending);
    } else {
      const gone = foldInstanceGone(ledger, message.instanceId);
      if (gone) ended.push(gone);
    }
  }
  const followUps = poolsOf([...ledger.jobs(), ...ended, ...reclaimed]).map((where) =>
    planTouched(
      deps,
      ledger,
      where,
      ended.some(({ pool }) => pool === where.pool),
      reclaimed.filter((attempt) => attempt.pool === where.pool && attempt.installationId === where.installationId),
    ),
  );
  return {
    followUps: followUps.filter((one) => one !== undefined),
    orphans: ended.filter(mayHaveRunner),
    stopped,
  };
}

const poolsOf = (records: readonly InPool[]): InPool[] => [
  ...new Map(records.map((record) => [`${record.pool} ${record.installationId}`, record])).values(),
];

/**
 * Plans one pool for the jobs at hand, and picks up what an earlier, broken run left undone for them. `hasRoom`: an
 * instance ended, so whatever waits for a wake of the pool need not wait so long. `end`: what EC2 takes back.
 */
function planTouched(
  deps: DispatchDeps,
  ledger: Ledger,
  { pool: name, installationId }: InPool,
  hasRoom: boolean,
  end: readonly Attempt[],
): FollowUp | undefined {
  const pool = deps.pools.get(name);
  if (!pool) return undefined;
  const ofPool = (record: { readonly pool: string }) => record.pool === name;
  const waiting = ledger.jobs().filter((job) => ofPool(job) && job.state === 'WANTED');
  const planned = planPool(ledger, pool, waiting, deps.deploymentId);
  const attempts = ledger.attempts().filter(ofPool);
  const others = ledger.launches().filter((launch) => ofPool(launch) && launch.id !== planned.launch?.id);
  const idleMs = attempts.some(isSpare) ? pool.idleTimeoutMs : undefined;
  // Somebody is at it, or died at it: look again when there was time enough to finish.
  const isUnfinished =
    others.some((one) => !isClosedLaunch(one.state)) || attempts.some((one) => one.state === 'LAUNCHED');
  const unfinishedMs = isUnfinished ? limits.unansweredLaunchMs : undefined;
  const isPlanned = hasRoom ? ledger.isWakeDue(name) || ledger.isWakeOverdue(name) : ledger.isWakeOverdue(name);
  const roomMs = isPlanned ? limits.nextPassMs : undefined;
  return {
    pool,
    installationId,
    launches: [...(planned.launch ? [planned.launch] : []), ...others.filter((one) => isUnanswered(one, ledger.now))],
    register: attempts.filter((attempt) => isUnregistered(attempt, ledger.now)),
    end,
    wakeMs: claimWake(ledger, pool, soonest([planned.wakeMs, idleMs, roomMs, unfinishedMs])),
  };
}
