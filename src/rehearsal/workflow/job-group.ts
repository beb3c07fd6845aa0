/** The jobs that one job of the file becomes: a matrix with its fail-fast and max-parallel, or a single one. */
import { expandJob, type Instance, placeholder } from './expand-job.ts';
import type { Scope } from './expression.ts';
import { type JobExecution, messageOf } from './job-execution.ts';
import { evaluateCondition } from './template.ts';
import type { JobChange, JobConclusion, RunJob } from './types.ts';
import type { JobDefinition, Plain, PlainMap } from './workflow.ts';

export interface JobState {
  readonly instance: Instance;
  status: RunJob['status'];
  conclusion?: JobConclusion;
  /** While and after it runs. */
  execution?: JobExecution;
  /** Why it could not even be queued. */
  setUpFault?: string;
  /** A runner was told to stop it. */
  cancelling?: boolean;
}

export interface GroupChange {
  readonly kind: JobChange['kind'];
  readonly job: JobState;
}

export class JobGroup {
  readonly definition: JobDefinition;
  #phase: 'waiting' | 'active' = 'waiting';
  #jobs: readonly JobState[];
  #failFast = true;
  #maxParallel = 1;
  #outputs: PlainMap = {};

  /** Until its needs are complete, the group shows the jobs that it will have, as far as that can be known. */
  constructor(definition: JobDefinition, contexts: Readonly<Record<string, Plain>>) {
    this.definition = definition;
    this.#jobs = preview(definition, contexts).map((instance) => ({ instance, status: 'pending' }));
  }

  get jobs(): readonly JobState[] {
    return this.#jobs;
  }

  /** Its needs are not complete. */
  get waiting(): boolean {
    return this.#phase === 'waiting';
  }

  get active(): boolean {
    return this.#phase === 'active' && this.result === undefined;
  }

  /** `needs.<id>.outputs`: of a matrix, what the job that ended last wrote. */
  get outputs(): PlainMap {
    return this.#outputs;
  }

  /** `needs.<id>.result`, once all are complete. A failure with `continue-on-error` counts as success. */
  get result(): JobConclusion | undefined {
    if (this.waiting || this.#jobs.some(({ status }) => status !== 'completed')) return undefined;
    const results = this.#jobs.map(({ instance, conclusion }) =>
      conclusion === 'failure' && instance.continueOnError ? 'success' : conclusion,
    );
    return (['failure', 'cancelled', 'success'] as const).find((one) => results.includes(one)) ?? 'skipped';
  }

  /** Its needs are complete: it is skipped, fails, or has jobs to queue. */
  activate(scope: Scope): readonly GroupChange[] {
    this.#phase = 'active';
    try {
      if (!evaluateCondition(this.definition.if, scope)) return this.#replace('skipped');
      const expansion = expandJob(this.definition, scope);
      if (expansion.instances.length === 0) return this.#replace('skipped');
      this.#failFast = expansion.failFast;
      this.#maxParallel = expansion.maxParallel;
      this.#jobs = expansion.instances.map((instance) => ({ instance, status: 'pending' }));
      return [];
    } catch (error) {
      return this.#replace('failure', messageOf(error));
    }
  }

  /** Queues as many as may run at a time. */
  fill(): readonly GroupChange[] {
    if (!this.active) return [];
    const running = this.#jobs.filter(({ status }) => status === 'queued' || status === 'in_progress').length;
    const next = this.#jobs
      .filter(({ status }) => status === 'pending')
      .slice(0, Math.max(0, this.#maxParallel - running));
    for (const job of next) job.status = 'queued';
    return next.map((job) => ({ kind: 'queued', job }));
  }

  /** `if:` once more, after the run was cancelled. */
  wanted(scope: Scope): boolean {
    try {
      return evaluateCondition(this.definition.if, scope);
    } catch (error) {
      messageOf(error);
      return false;
    }
  }

  finish(job: JobState, end: 'ran' | 'cancelled' | 'timed-out'): readonly GroupChange[] {
    if (job.execution) {
      const { conclusion, outputs } = job.execution.end(end);
      job.conclusion = conclusion;
      this.#outputs = { ...this.#outputs, ...outputs };
    } else {
      // Never started: cancelled while it waited for a runner.
      job.conclusion = 'cancelled';
    }
    job.status = 'completed';
    const failed = job.conclusion === 'failure' && !job.instance.continueOnError;
    return [{ kind: 'completed', job }, ...(failed && this.#failFast ? this.cancel() : [])];
  }

  /** Ends what does not run yet; what runs must be told. */
  cancel(): readonly GroupChange[] {
    const changes: GroupChange[] = [];
    for (const job of this.#jobs) {
      if (job.status === 'pending' || job.status === 'queued') {
        job.status = 'completed';
        job.conclusion = 'cancelled';
        changes.push({ kind: 'completed', job });
      } else if (job.status === 'in_progress' && !job.cancelling) {
        job.cancelling = true;
        job.execution?.cancel();
        changes.push({ kind: 'cancel', job });
      }
    }
    return changes;
  }

  #replace(conclusion: JobConclusion, setUpFault?: string): readonly GroupChange[] {
    const job: JobState = { instance: placeholder(this.definition), status: 'completed', conclusion, setUpFault };
    this.#jobs = [job];
    return [{ kind: 'completed', job }];
  }
}

/** All that does not depend on `needs` is known from the start; so a missing label is seen before anything runs. */
function preview(definition: JobDefinition, contexts: Readonly<Record<string, Plain>>): readonly Instance[] {
  const { strategy, runsOn, name = '', timeoutMinutes = null, continueOnError = null } = definition;
  if (/\bneeds\b/.test(JSON.stringify([strategy, runsOn, name, timeoutMinutes, continueOnError])))
    return [placeholder(definition)];
  try {
    const status = { success: true, failure: false, cancelled: false };
    const { instances } = expandJob(definition, { contexts, status });
    return instances.length > 0 ? instances : [placeholder(definition)];
  } catch (error) {
    messageOf(error);
    return [placeholder(definition)];
  }
}
