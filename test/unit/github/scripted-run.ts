import type { JobChange, JobConclusion, RunJob, RunStep, WorkflowRun } from '../../../src/rehearsal/workflow/types.ts';

export interface ScriptedJob {
  readonly key: string;
  /** Default: self-hosted, linux. */
  readonly labels?: readonly string[];
  readonly group?: string;
  /** It is queued when that job is completed, and skipped when that one failed. */
  readonly needs?: string;
  /** Default: 1. */
  readonly steps?: number;
  /** It is told to stop when a job fails. */
  readonly failFast?: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Job = Mutable<Omit<RunJob, 'steps'>> & {
  told?: boolean;
  readonly script: ScriptedJob;
  readonly steps: Mutable<RunStep>[];
};

/** A run as a script says: a small fake of the workflow engine. A job fails when one of its steps exits with another code than 0. */
export function scriptedRun(...script: readonly ScriptedJob[]): () => WorkflowRun {
  return () => new ScriptedRun(script);
}

class ScriptedRun implements WorkflowRun {
  readonly name = 'Scripted';
  readonly jobs: Job[];
  conclusion?: JobConclusion;

  constructor(script: readonly ScriptedJob[]) {
    this.jobs = script.map((job) => ({
      key: job.key,
      name: `job ${job.key}`,
      labels: job.labels ?? ['self-hosted', 'linux'],
      group: job.group,
      timeoutMs: 360 * 60_000,
      status: 'pending',
      steps: Array.from({ length: job.steps ?? 1 }, (_, index) => ({
        number: index + 1,
        name: `step ${index + 1}`,
        status: 'queued',
      })),
      script: job,
    }));
  }

  start(): readonly JobChange[] {
    return this.jobs.filter(({ script }) => script.needs === undefined).map(queue);
  }

  startJob(key: string): void {
    this.job(key).status = 'in_progress';
  }

  nextStep(key: string) {
    const job = this.job(key);
    const step = job.steps.find(({ status }) => status === 'queued');
    if (!step || job.steps.some(({ conclusion }) => conclusion === 'failure')) return undefined;
    step.status = 'in_progress';
    return {
      number: step.number,
      name: step.name,
      script: 'true',
      shell: 'bash' as const,
      shellNamed: false,
      env: {},
      path: [],
      timeoutMs: 60_000,
    };
  }

  finishStep(key: string, result: { exitCode: number }): void {
    const step = this.job(key).steps.find(({ status }) => status === 'in_progress');
    if (!step) throw new Error('no step runs');
    step.status = 'completed';
    step.conclusion = result.exitCode === 0 ? 'success' : 'failure';
  }

  finishJob(key: string, end: 'ran' | 'cancelled' | 'timed-out'): readonly JobChange[] {
    const job = this.job(key);
    if (job.told || job.status === 'queued' || end === 'timed-out') return this.complete(job, 'cancelled');
    const failed = end === 'cancelled' || job.steps.some(({ conclusion }) => conclusion === 'failure');
    return this.complete(job, failed ? 'failure' : 'success');
  }

  cancel(): readonly JobChange[] {
    return this.jobs.flatMap((job): readonly JobChange[] => {
      if (job.status === 'in_progress') return [tell(job)];
      return job.status === 'completed' ? [] : this.complete(job, 'cancelled');
    });
  }

  private complete(job: Job, conclusion: JobConclusion): readonly JobChange[] {
    job.status = 'completed';
    job.conclusion = conclusion;
    for (const step of job.steps) {
      step.conclusion ??= conclusion === 'cancelled' ? 'cancelled' : 'skipped';
      step.status = 'completed';
    }
    const changes: JobChange[] = [{ kind: 'completed', job }];
    for (const other of this.jobs) {
      if (conclusion === 'failure' && other.script.failFast && other.status === 'in_progress')
        changes.push(tell(other));
      if (other.status !== 'pending' || other.script.needs !== job.key) continue;
      changes.push(...(conclusion === 'success' ? [queue(other)] : this.complete(other, 'skipped')));
    }
    if (this.jobs.every(({ status }) => status === 'completed')) this.conclusion = worst(this.jobs);
    return changes;
  }

  private job(key: string): Job {
    const job = this.jobs.find((one) => one.key === key);
    if (!job) throw new Error(`no job ${key}`);
    return job;
  }
}

function queue(job: Job): JobChange {
  job.status = 'queued';
  return { kind: 'queued', job };
}

/** To stop. */
function tell(job: Job): JobChange {
  job.told = true;
  return { kind: 'cancel', job };
}

function worst(jobs: readonly Job[]): JobConclusion {
  const conclusions = jobs.map(({ conclusion }) => conclusion);
  return (['failure', 'cancelled'] as const).find((one) => conclusions.includes(one)) ?? 'success';
}
