/** Applies a batch of events in one change: fold each, then plan every pool that has waiting jobs by then. */
import { type ChangeOutcome, change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import type { InstanceMessage, JobMessage } from '../messages.ts';
import { attemptIdOfRunner } from '../names.ts';
import type { Key } from '../ports.ts';
import { attemptKey, instanceKey, isSpare, jobKey } from '../records.ts';
import type { Attempt, Job } from '../types.ts';
import { hasRunner } from './delete-runner.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { foldInstanceGone } from './fold-instance-event.ts';
import { foldJobEvent } from './fold-job-event.ts';
import type { FollowUp } from './follow-up.ts';
import { planKeys, planPool, soonest } from './plan-pool.ts';
import { isUnanswered, isUnregistered } from './wake-pool.ts';

export type EventMessage = JobMessage | InstanceMessage;

export interface Applied {
  readonly followUps: readonly FollowUp[];
  /** Their instance is gone, and their runner is still registered. */
  readonly orphans: readonly Attempt[];
  /** They stopped instead of terminating: nothing ever starts them again. */
  readonly stopped: readonly string[];
}

export function applyEvents(deps: DispatchDeps, messages: readonly EventMessage[]): Promise<ChangeOutcome<Applied>> {
  const named = messages.flatMap((message) => keysOf(deps, message));
  const keys = (ledger: Ledger) => [...named, ...ledger.jobs().flatMap((job) => planKeysOf(deps, job, ledger.now))];
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

function planKeysOf(deps: DispatchDeps, job: { pool: string; installationId: number }, now: number): Key[] {
  const pool = deps.pools.get(job.pool);
  return pool ? planKeys(pool, job.installationId, now) : [];
}

function decide(deps: DispatchDeps, ledger: Ledger, messages: readonly EventMessage[]): Applied {
  const orphans: Attempt[] = [];
  const stopped: string[] = [];
  for (const message of messages) {
    if (message.kind === 'job') {
      foldJobEvent(ledger, message, deps.deploymentId);
    } else if (message.change === 'stopped') {
      if (ledger.attemptOfInstance(message.instanceId)) stopped.push(message.instanceId);
    } else {
      const gone = foldInstanceGone(ledger, message.instanceId);
      if (gone && hasRunner(gone)) orphans.push(gone);
    }
  }
  const followUps = groupByPool(ledger.jobs()).map((jobs) => planGroup(deps, ledger, jobs));
  return { followUps: followUps.filter((one) => one !== undefined), orphans, stopped };
}

/** By pool and installation: capacity is counted by the one, GitHub's points by the other. */
function groupByPool(jobs: readonly Job[]): Job[][] {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const name = `${job.pool} ${job.installationId}`;
    groups.set(name, [...(groups.get(name) ?? []), job]);
  }
  return [...groups.values()];
}

/** Plans one pool for the jobs at hand, and picks up what an earlier, broken run left undone for them. */
function planGroup(deps: DispatchDeps, ledger: Ledger, jobs: readonly Job[]): FollowUp | undefined {
  const { pool: name, installationId } = jobs[0] as Job;
  const pool = deps.pools.get(name);
  if (!pool) return undefined;
  const ofPool = (record: { readonly pool: string }) => record.pool === name;
  const waiting = jobs.filter((job) => job.state === 'WANTED');
  const planned = planPool(ledger, pool, waiting, deps.deploymentId);
  const attempts = ledger.attempts().filter(ofPool);
  const unanswered = ledger.launches().filter((launch) => ofPool(launch) && isUnanswered(launch, ledger.now));
  const idleMs = attempts.some(isSpare) ? pool.idleTimeoutMs : undefined;
  return {
    pool,
    installationId,
    launches: planned.launch ? [planned.launch, ...unanswered] : unanswered,
    register: attempts.filter((attempt) => isUnregistered(attempt, ledger.now)),
    end: [],
    wakeMs: soonest([planned.wakeMs, idleMs]),
  };
}
