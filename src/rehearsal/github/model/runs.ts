import type { JobChange, RunContext, RunJob, WorkflowRun } from '../../workflow/types.ts';
import { unassign } from './assign-jobs.ts';
import { queueDelivery } from './deliveries.ts';
import { findRepository } from './repositories.ts';
import { conclusionOf } from './run-status.ts';
import { removeRunner } from './runners.ts';
import { type GitHubState, nextId, nextSecret, now } from './state.ts';
import type { JobEvent, JobRecord, RunnerRecord, RunRecord, Trigger } from './types.ts';

/** Makes a run of a workflow: `(context) => startRun(workflow, context)`. */
export type MakeRun = (context: RunContext) => WorkflowRun;

/** Starts a run: its first jobs are queued. Throws when the repository was not added before. */
export function addRun(state: GitHubState, makeRun: MakeRun, fullName: string, trigger: Partial<Trigger>): RunRecord {
  const repository = findRepository(state, fullName);
  if (!repository) throw new Error(`there is no repository ${fullName}`);
  const id = nextId(state, 'run');
  const number = nextId(state, `run-of-${repository.id}`);
  const whole: Trigger = {
    event: 'workflow_dispatch',
    branch: 'main',
    sha: nextSecret(state, 'sha').slice(0, 40),
    path: '.github/workflows/workflow.yml',
    ...trigger,
  };
  const context = {
    runId: id,
    runNumber: number,
    repository: repository.fullName,
    event: whole.event,
    sha: whole.sha,
    ref: `refs/heads/${whole.branch}`,
    serverUrl: state.origin,
    apiUrl: state.origin,
  };
  const at = now(state);
  const record: RunRecord = {
    id,
    number,
    repository,
    makeRun,
    context,
    run: makeRun(context),
    attempt: 1,
    startedAt: at,
    trigger: whole,
    createdAt: at,
    updatedAt: at,
    jobs: new Map(),
  };
  state.runs.set(id, record);
  applyChanges(state, record, record.run.start());
  return record;
}

/** `over`: it is completed already. */
export function cancelRun(state: GitHubState, run: RunRecord): 'cancelled' | 'over' {
  if (conclusionOf(run) !== undefined) return 'over';
  applyChanges(state, run, run.run.cancel());
  return 'cancelled';
}

/**
 * Ends a job that runs or waits, and whatever follows from that in its run. To the engine, a job that is "cancelled"
 * without having been told to stop has lost its runner: it fails.
 */
export function endJob(state: GitHubState, job: JobRecord, end: 'ran' | 'cancelled' | 'timed-out'): void {
  applyChanges(state, job.run, job.run.run.finishJob(job.key, end));
}

export function tellJob(
  state: GitHubState,
  kind: 'job-queued' | 'job-started' | 'job-requeued' | 'job-completed',
  job: JobRecord,
  runner = job.runner,
): void {
  const event: JobEvent = {
    at: now(state),
    id: String(job.id),
    runId: job.run.id,
    name: job.name,
    repository: job.run.repository.fullName,
    labels: job.labels,
    runnerName: runner?.name,
    conclusion: job.conclusion,
  };
  state.events.push({ kind, job: event });
}

export function applyChanges(state: GitHubState, run: RunRecord, changes: readonly JobChange[]): void {
  run.updatedAt = now(state);
  for (const { kind, job: engine } of changes) {
    const latest = run.jobs.get(engine.key);
    const known = latest?.attempt === run.attempt ? latest : undefined;
    switch (kind) {
      case 'queued':
        queueJob(state, known ?? createJob(state, run, engine));
        break;
      case 'completed':
        // A job that is skipped was never queued: GitHub sends `completed` alone.
        completeJob(state, known ?? createJob(state, run, engine), engine);
        break;
      case 'cancel':
        if (known) known.cancelRequested = true;
        state.changed = true;
        break;
    }
  }
}

function createJob(state: GitHubState, run: RunRecord, engine: RunJob): JobRecord {
  const job: JobRecord = {
    id: nextId(state, 'job'),
    run,
    attempt: run.attempt,
    key: engine.key,
    name: engine.name,
    labels: engine.labels,
    wants: engine.labels.map((label) => label.toLowerCase()),
    group: engine.group,
    timeoutMs: engine.timeoutMs,
    createdAt: now(state),
    status: 'queued',
    cancelRequested: false,
    stepTimes: new Map(),
    log: [],
    logCharacters: 0,
  };
  run.jobs.set(job.key, job);
  state.jobs.set(job.id, job);
  return job;
}

function queueJob(state: GitHubState, job: JobRecord): void {
  state.waiting.add(job);
  state.due.queue.touch(job, now(state));
  tellJob(state, 'job-queued', job);
  queueDelivery(state, 'queued', job);
}

function completeJob(state: GitHubState, job: JobRecord, engine: RunJob): void {
  if (job.status === 'completed') return;
  state.waiting.delete(job);
  state.due.queue.drop(job);
  state.due.lock.drop(job);
  const assigned = unassign(state, job);
  if (assigned?.online) state.idle.add(assigned);
  job.status = 'completed';
  job.conclusion = engine.conclusion ?? 'failure';
  job.finalSteps = engine.steps;
  job.completedAt = now(state);
  state.changed = true;
  tellJob(state, 'job-completed', job);
  queueDelivery(state, 'completed', job);
  if (job.runner?.job === job) releaseRunner(state, job.runner);
}

function releaseRunner(state: GitHubState, runner: RunnerRecord): void {
  runner.job = undefined;
  runner.busy = false;
  if (runner.ephemeral) removeRunner(state, runner);
  else if (runner.online) state.idle.add(runner);
}
