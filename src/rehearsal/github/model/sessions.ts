import type { StepResult } from '../../workflow/types.ts';
import type { AcquiredJob, RunnerBackend } from '../runner-backend.ts';
import { queueDelivery } from './deliveries.ts';
import { appendLog } from './job-log.ts';
import { tellRunner } from './runners.ts';
import { endJob, tellJob } from './runs.ts';
import { type GitHubState, nextGuid, now } from './state.ts';
import type { JobRecord, RunnerRecord } from './types.ts';

export function connect(state: GitHubState, clientId: string, version: string): ReturnType<RunnerBackend['connect']> {
  const runner = state.runnersByClientId.get(clientId);
  if (!runner) return { kind: 'deleted' };
  if (runner.online) return { kind: 'conflict' };
  if (runner.sessionId !== undefined) state.sessions.delete(runner.sessionId);
  const sessionId = nextGuid(state, 'session');
  runner.sessionId = sessionId;
  runner.version = version;
  runner.os = osOf(runner);
  state.sessions.set(sessionId, runner);
  goOnline(state, runner);
  return { kind: 'ok', sessionId };
}

export function poll(state: GitHubState, sessionId: string): ReturnType<RunnerBackend['poll']> {
  const runner = touchSession(state, sessionId);
  if (!runner) return { kind: 'deleted' };
  if (!runner.job) state.idle.add(runner);
  if (!runner.job || runner.busy) return { kind: 'none' };
  return { kind: 'job', job: { id: String(runner.job.id), displayName: runner.job.name } };
}

export function acquire(state: GitHubState, sessionId: string, jobId: string): ReturnType<RunnerBackend['acquire']> {
  const runner = touchSession(state, sessionId);
  const job = runner?.job;
  if (!runner || !job || runner.busy || String(job.id) !== jobId) return { kind: 'gone' };
  runner.busy = true;
  job.assignedTo = undefined;
  job.runner = runner;
  job.status = 'in_progress';
  job.startedAt = now(state);
  state.due.acquire.drop(job);
  state.due.queue.drop(job);
  state.due.lock.touch(job, now(state));
  job.run.updatedAt = now(state);
  job.run.run.startJob(job.key, { name: runner.name });
  tellJob(state, 'job-started', job);
  queueDelivery(state, 'in_progress', job);
  return { kind: 'ok', job: acquired(job) };
}

export function nextStep(state: GitHubState, sessionId: string, jobId: string): ReturnType<RunnerBackend['nextStep']> {
  const job = runningJob(state, sessionId, jobId);
  if (!job) return { kind: 'gone' };
  if (job.cancelRequested) return { kind: 'cancelled' };
  const step = job.run.run.nextStep(job.key);
  if (!step) return { kind: 'done' };
  job.stepTimes.set(step.number, { startedAt: now(state) });
  return { kind: 'step', step };
}

export function finishStep(state: GitHubState, sessionId: string, jobId: string, result: StepResult): void {
  const job = runningJob(state, sessionId, jobId);
  if (!job) return;
  for (const times of job.stepTimes.values()) times.completedAt ??= now(state);
  job.run.run.finishStep(job.key, result);
}

export function log(state: GitHubState, sessionId: string, jobId: string, text: string): void {
  const job = runningJob(state, sessionId, jobId);
  if (job) appendLog(job, text);
}

export function renew(state: GitHubState, sessionId: string, jobId: string): ReturnType<RunnerBackend['renew']> {
  const job = runningJob(state, sessionId, jobId);
  if (!job) return 'gone';
  state.due.lock.touch(job, now(state));
  return job.cancelRequested ? 'cancelled' : 'go-on';
}

export function finishJob(
  state: GitHubState,
  sessionId: string,
  jobId: string,
  end: Parameters<RunnerBackend['finishJob']>[2],
): void {
  const job = runningJob(state, sessionId, jobId);
  if (job) endJob(state, job, end);
}

export function disconnect(state: GitHubState, sessionId: string): void {
  const runner = state.sessions.get(sessionId);
  if (!runner) return;
  state.sessions.delete(sessionId);
  runner.sessionId = undefined;
  goOffline(state, runner);
}

export function goOffline(state: GitHubState, runner: RunnerRecord): void {
  if (!runner.online) return;
  runner.online = false;
  state.idle.delete(runner);
  state.due.silence.drop(runner);
  if (runner.ephemeral) state.due.reap.touch(runner, now(state));
  tellRunner(state, 'runner-offline', runner);
}

function goOnline(state: GitHubState, runner: RunnerRecord): void {
  runner.online = true;
  if (!runner.job) state.idle.add(runner);
  state.due.reap.drop(runner);
  state.due.silence.touch(runner, now(state));
  tellRunner(state, 'runner-online', runner);
}

/** Any call of a runner proves that it lives. */
function touchSession(state: GitHubState, sessionId: string): RunnerRecord | undefined {
  const runner = state.sessions.get(sessionId);
  if (!runner) return undefined;
  if (runner.online) state.due.silence.touch(runner, now(state));
  else goOnline(state, runner);
  return runner;
}

function runningJob(state: GitHubState, sessionId: string, jobId: string): JobRecord | undefined {
  const runner = touchSession(state, sessionId);
  return runner?.busy && String(runner.job?.id) === jobId ? runner.job : undefined;
}

const acquired = (job: JobRecord): AcquiredJob => ({
  id: String(job.id),
  displayName: job.name,
  repository: job.run.repository.fullName,
  timeoutMs: job.timeoutMs,
});

/** A real runner says what it runs on. Ours does not, but its labels do. */
function osOf(runner: RunnerRecord): string {
  if (runner.offers.has('windows')) return 'Windows';
  return runner.offers.has('macos') ? 'macOS' : 'Linux';
}
