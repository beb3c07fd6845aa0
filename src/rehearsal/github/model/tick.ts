import { unassign } from './assign-jobs.ts';
import { removeRunner } from './runners.ts';
import { endJob, tellJob } from './runs.ts';
import { goOffline } from './sessions.ts';
import { type GitHubState, now } from './state.ts';
import type { JobRecord } from './types.ts';

/**
 * Does what time alone brings about. All times run from the last sign of life:
 *
 *   assigned --60 s, not acquired--> queued again     queued --24 h--> cancelled
 *   in progress --10 min, lock not renewed--> failed
 *   online --100 s silent--> offline                  ephemeral, offline --1 day--> removed
 *   delivered --3 days--> forgotten
 */
export function tick(state: GitHubState): void {
  const at = now(state);
  const { due } = state;
  for (const job of due.acquire.takeDue(at)) requeue(state, job);
  for (const runner of due.silence.takeDue(at)) goOffline(state, runner);
  for (const job of due.queue.takeDue(at)) endJob(state, job, 'cancelled');
  for (const job of due.lock.takeDue(at)) endJob(state, job, 'cancelled');
  for (const runner of due.reap.takeDue(at)) if (!runner.job) removeRunner(state, runner);
  for (const delivery of due.delivery.takeDue(at)) state.deliveries.delete(delivery.id);
}

/** When `tick` has something to do next. Infinity: nothing waits for time to pass. */
export function nextTickAt(state: GitHubState): number {
  return Math.min(...Object.values(state.due).map((queue) => queue.firstAt()));
}

/** The runner gets no other job before it polls again: it may be dead. */
function requeue(state: GitHubState, job: JobRecord): void {
  const runner = unassign(state, job);
  state.waiting.add(job);
  tellJob(state, 'job-requeued', job, runner);
}
