/** Jobs about which an event may have been lost, or that GitHub does not give to the runner that waits for them. */
import { isClosedAttempt } from '../../attempt-machine.ts';
import { isExpired } from '../../job-age.ts';
import { isClosedJob } from '../../job-machine.ts';
import { limits } from '../../limits.ts';
import type { Attempt, Job } from '../../types.ts';
import type { Action } from '../actions.ts';
import { isRetired } from '../retired-pools.ts';
import type { Snapshot } from '../snapshot.ts';

export function findUncertainJobs(snapshot: Snapshot): readonly Action[] {
  const { jobs, attempts } = snapshot.parts;
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const actions = jobs.flatMap((job): Action[] => {
    const attempt = job.attemptId === undefined ? undefined : byId.get(job.attemptId);
    if (job.rerunDue) return [{ kind: 'rerun-job', job }];
    if (isOver(job, snapshot.parts.now)) return [{ kind: 'expire-job', job }];
    const isDoubtful = isUnmatched(job, attempt, snapshot.parts.now) || isUncertain(snapshot, job, attempt);
    return isDoubtful ? [{ kind: 'ask-job', job }] : [];
  });
  const asks = actions.filter((action) => action.kind === 'ask-job').sort((a, b) => askedAt(a.job) - askedAt(b.job));
  return [...actions.filter(({ kind }) => kind !== 'ask-job'), ...asks.slice(0, limits.asksPerPass)];
}

/** Also in vain: who asks first next time are others. */
const askedAt = (job: Job) => job.askedAt ?? 0;

/** Also a running one that nobody can tell of any more. */
const isOver = (job: Job, now: number) =>
  job.state === 'RUNNING'
    ? now - (job.startedAt ?? job.createdAt) > limits.runningJobMs
    : (job.state === 'WANTED' || job.state === 'HELD') && isExpired(job, now);

function isUnmatched(job: Job, attempt: Attempt | undefined, now: number): boolean {
  if (job.state !== 'LAUNCHING' || attempt?.state !== 'IDLE' || attempt.offlineSince !== undefined) return false;
  const since = Math.max(attempt.idleSince ?? now, job.askedAt ?? 0);
  return now - since >= limits.unmatchedMs;
}

function isUncertain(snapshot: Snapshot, job: Job, attempt: Attempt | undefined): boolean {
  const { now } = snapshot.parts;
  if (isClosedJob(job.state)) return false;
  if (job.state === 'WANTED' && isRetired(snapshot.parts, job) && (job.retryAt ?? 0) <= now) return true;
  const everyMs = job.state === 'RUNNING' || job.state === 'LAUNCHING' ? limits.runningCheckMs : limits.heldCheckMs;
  if (now - Math.max(askedAt(job), job.startedAt ?? 0, job.createdAt) < everyMs) return false;
  if (job.state === 'HELD' || job.state === 'WANTED') return true;
  // Another job has the runner that was meant for it.
  if (job.state === 'LAUNCHING') return attempt?.state === 'BUSY';
  return job.state === 'RUNNING' && !isBusy(snapshot, attempt);
}

/** Its runner is seen at work: there is nothing to ask. */
function isBusy(snapshot: Snapshot, attempt: Attempt | undefined): boolean {
  if (!attempt || isClosedAttempt(attempt.state)) return false;
  const runner = snapshot.runnerOf(attempt, []);
  return runner === 'unknown' || (typeof runner === 'object' && runner.busy);
}
