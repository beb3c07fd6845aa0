/** A workflow run without a workflow file: some jobs, all queued at once, each of one step. */
import type { JobChange, JobConclusion, RunJob, WorkflowRun } from '../src/rehearsal/workflow/types.ts';

interface LightJob {
  readonly key: string;
  readonly labels: readonly string[];
}

const TIMEOUT_MS = 360 * 60_000;

export function lightRun(jobs: readonly LightJob[]): () => WorkflowRun {
  return () => new LightRun(jobs);
}

class LightRun implements WorkflowRun {
  readonly name = 'simulated';
  private readonly all: Map<string, RunJob>;
  private readonly toldToStop = new Set<string>();

  constructor(jobs: readonly LightJob[]) {
    this.all = new Map(
      jobs.map(({ key, labels }) => [
        key,
        { key, name: key, labels, timeoutMs: TIMEOUT_MS, status: 'pending', steps: [] } satisfies RunJob,
      ]),
    );
  }

  get jobs(): readonly RunJob[] {
    return [...this.all.values()];
  }

  get conclusion(): JobConclusion | undefined {
    const results = this.jobs.map(({ conclusion }) => conclusion);
    if (results.includes(undefined)) return undefined;
    return results.find((result) => result !== 'success') ?? 'success';
  }

  start(): readonly JobChange[] {
    return this.jobs.map((job) => ({ kind: 'queued', job: this.change(job, { status: 'queued' }) }));
  }

  startJob(key: string): void {
    const job = this.find(key);
    if (job.status === 'queued') this.change(job, { status: 'in_progress' });
  }

  nextStep(): undefined {}

  finishStep(): void {}

  finishJob(key: string, end: 'ran' | 'cancelled' | 'timed-out'): readonly JobChange[] {
    const job = this.find(key);
    if (job.status === 'completed') return [];
    // Without a runner that took it, GitHub cancels it; one whose runner died has failed.
    const wasTold = job.status === 'queued' || this.toldToStop.has(key);
    const conclusion = end === 'ran' ? 'success' : wasTold ? 'cancelled' : 'failure';
    return [{ kind: 'completed', job: this.change(job, { status: 'completed', conclusion }) }];
  }

  cancel(): readonly JobChange[] {
    return this.jobs.flatMap((job): JobChange[] => {
      if (job.status === 'completed') return [];
      if (job.status !== 'in_progress')
        return [{ kind: 'completed', job: this.change(job, { status: 'completed', conclusion: 'cancelled' }) }];
      this.toldToStop.add(job.key);
      return [{ kind: 'cancel', job }];
    });
  }

  private find(key: string): RunJob {
    const job = this.all.get(key);
    if (!job) throw new Error(`the run has no job ${key}`);
    return job;
  }

  private change(job: RunJob, more: Partial<RunJob>): RunJob {
    const changed = { ...job, ...more };
    this.all.set(job.key, changed);
    return changed;
  }
}
