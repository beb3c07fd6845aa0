/** Applies a batch of events in one change: fold each, then plan every pool that has waiting jobs by then. */
import { type ChangeOutcome, change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { InstanceMessage, JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import type { Key } from '../ports.ts';
import { noteRecent } from '../recent-repositories.ts';
import { attemptKey, instanceKey, jobKey, mayHaveRunner, recentKey } from '../records.ts';
import type { Attempt, Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { foldInstanceGone, foldSpotWarning } from './fold-instance-event.ts';
import { foldJobEvent } from './fold-job-event.ts';
import type { FollowUp } from './follow-up.ts';
import { openWork } from './open-work.ts';
import { planKeys, planPool, soonest } from './plan-pool.ts';
import { claimWake } from './wake-later.ts';

export type EventMessage = JobMessage | InstanceMessage;

export interface Applied {
  readonly followUps: readonly FollowUp[];
  /** Their instance is gone, and their runner is still registered. */
  readonly orphans: readonly Attempt[];
  /** They ended now; as they were before. */
  readonly ended: readonly Attempt[];
  /** They stopped instead of terminating: nothing ever starts them again. */
  readonly stopped: readonly string[];
}

export function applyEvents(deps: DispatchDeps, messages: readonly EventMessage[]): Promise<ChangeOutcome<Applied>> {
  const jobs = messages.filter((message) => message.kind === 'job');
  const named = messages.flatMap((message) => keysOf(deps, message));
  const jobIds = new Set(jobs.map(({ jobId }) => jobId));
  const keys = (ledger: Ledger) => [
    ...named,
    // What the first try at a repeated event set off.
    ...ledger.jobs().flatMap((job) => (jobIds.has(job.id) && job.displacedJobId ? [jobKey(job.displacedJobId)] : [])),
    ...planKeys(deps.pools, [...inPools(deps, ledger, jobs), ...ledger.jobs(), ...ledger.attempts()], ledger.now),
  ];
  return change(changeDeps(deps), keys, (ledger) => decide(deps, ledger, messages));
}

/** One that is routed nowhere is the pool's whose runner has it, as far as that attempt was read by now. */
function inPools({ deploymentId }: DispatchDeps, ledger: Ledger, messages: readonly JobMessage[]) {
  return messages.flatMap((message) => {
    const id = message.runnerName === undefined ? undefined : attemptIdOfRunner(deploymentId, message.runnerName);
    const pool = message.pool ?? ledger.attempts().find((attempt) => attempt.id === id)?.pool;
    return pool === undefined ? [] : [{ ...message, pool }];
  });
}

function keysOf(deps: DispatchDeps, message: EventMessage): Key[] {
  if (message.kind === 'instance') return [instanceKey(message.instanceId)];
  const attemptId = message.runnerName && attemptIdOfRunner(deps.deploymentId, message.runnerName);
  return [jobKey(message.jobId), recentKey(message.repository), ...(attemptId ? [attemptKey(attemptId)] : [])];
}

function decide(deps: DispatchDeps, ledger: Ledger, messages: readonly EventMessage[]): Applied {
  const ended: Attempt[] = [];
  const reclaimed: Attempt[] = [];
  const before: Attempt[] = [];
  const stopped: string[] = [];
  for (const message of messages) {
    if (message.kind === 'job') {
      foldJobEvent(ledger, message, deps.deploymentId);
      if (message.pool !== undefined) noteRecent(ledger, message.repository);
    } else if (message.change === 'stopped') {
      if (ledger.attemptOfInstance(message.instanceId)) stopped.push(message.instanceId);
    } else if (message.change === 'spot-warning') {
      const ending = foldSpotWarning(ledger, message.instanceId);
      if (ending) reclaimed.push(ending);
    } else {
      const attempt = ledger.attemptOfInstance(message.instanceId);
      const gone = foldInstanceGone(ledger, message.instanceId);
      if (gone) ended.push(gone);
      if (gone && attempt) before.push(attempt);
    }
  }
  // Also of news that is repeated: the end was recorded then, and perhaps not all that follows. Whatever the budget.
  const orphans = messages
    .flatMap((message) => (message.kind === 'instance' ? (ledger.attemptOfInstance(message.instanceId) ?? []) : []))
    .filter((attempt) => attempt.state === 'GONE' && mayHaveRunner(attempt));
  for (const { installationId } of orphans) ledger.overspend(installationId, limits.writePoints);
  const touched = new Set([...ledger.jobs(), ...ended, ...reclaimed].map(({ pool }) => pool));
  const followUps = [...touched].flatMap((name) => {
    const pool = deps.pools.get(name);
    if (!pool) return [];
    const hasRoom = ended.some((attempt) => attempt.pool === name);
    const end = reclaimed.filter((attempt) => attempt.pool === name);
    return [planTouched(deps, ledger, pool, hasRoom, end)];
  });
  return { followUps, orphans, ended: before, stopped };
}

/**
 * Plans one pool for the jobs at hand. `hasRoom`: an instance ended, so whatever waits for a wake of the pool need not
 * wait so long. `reclaimed`: what EC2 takes back.
 */
function planTouched(
  deps: DispatchDeps,
  ledger: Ledger,
  pool: Pool,
  hasRoom: boolean,
  reclaimed: readonly Attempt[],
): FollowUp {
  const waiting = ledger.jobs().filter((job) => job.pool === pool.name && job.state === 'WANTED');
  const open = openWork(ledger, pool, planPool(ledger, pool, waiting, deps.deploymentId));
  const isSoon = ledger.isWakeOverdue(pool.name) || (hasRoom && ledger.isWakeDue(pool.name));
  const wakeMs = soonest([open.wakeMs, isSoon ? limits.nextPassMs : undefined]);
  return { pool, ...open, end: reclaimed, wakeMs: claimWake(ledger, pool, wakeMs) };
}
