/**
 * What a connected runner asks of GitHub, as the model answers it. `runner-service.ts` puts it on HTTP for the stand-in
 * runner; the simulator's runners call it directly. Nothing here waits: a caller that wants to long-poll asks again
 * after `onChange` has called.
 */
import type { StepCommand, StepResult } from '../workflow/types.ts';

export interface AssignedJob {
  /** `workflow_job.id`, in digits. */
  readonly id: string;
  readonly displayName: string;
}

export interface AcquiredJob extends AssignedJob {
  readonly repository: string;
  /** The whole job, from now. */
  readonly timeoutMs: number;
}

export interface RunnerBackend {
  /** Opens the only session of the runner that owns `clientId` (from its JIT config). The runner is online from then. */
  connect(
    clientId: string,
    version: string,
  ): { readonly kind: 'ok'; readonly sessionId: string } | { readonly kind: 'conflict' | 'deleted' };
  /** The job that was assigned to the session's runner, if any. A poll also proves that the runner lives. */
  poll(
    sessionId: string,
  ): { readonly kind: 'job'; readonly job: AssignedJob } | { readonly kind: 'none' } | { readonly kind: 'deleted' };
  /** Takes the assigned job: it is in progress from then. `gone`: cancelled or assigned to another meanwhile. */
  acquire(
    sessionId: string,
    jobId: string,
  ): { readonly kind: 'ok'; readonly job: AcquiredJob } | { readonly kind: 'gone' };
  /** The next step, `done` when there is none left, `cancelled` when the job was cancelled. */
  nextStep(
    sessionId: string,
    jobId: string,
  ): { readonly kind: 'step'; readonly step: StepCommand } | { readonly kind: 'done' | 'cancelled' | 'gone' };
  finishStep(sessionId: string, jobId: string, result: StepResult): void;
  /** Appends output of the job to its log. */
  log(sessionId: string, jobId: string, text: string): void;
  /** Renews the lock on the job; says whether it must stop. A job whose lock is not renewed for 10 min fails. */
  renew(sessionId: string, jobId: string): 'go-on' | 'cancelled' | 'gone';
  finishJob(sessionId: string, jobId: string, end: 'ran' | 'cancelled' | 'timed-out'): void;
  /** Ends the session. An ephemeral runner that had a job is removed already; an idle one stays, offline. */
  disconnect(sessionId: string): void;
  /** Calls back after any change that a long poll may wait for. Returns how to stop that. */
  onChange(listener: () => void): () => void;
}
