/**
 * Turns what happens in the world into the story of each job: which phase it reached when, on which instance.
 *
 *   queued -> launched -> booting -> registered -> running -> done -> terminated
 *
 * Until a runner takes the job, the instance shown is the one that was made for it; from then on the one that runs it.
 */
import type { JobMessage } from '../core/messages.ts';
import { attemptIdOfRunner, jobIdOfAttempt } from '../core/names.ts';
import type { JobEvent } from './github/model/types.ts';
import { DEPLOYMENT, type LogEvent, type WorldEvent } from './world.ts';

export const PHASES = ['queued', 'launched', 'booting', 'registered', 'running', 'done', 'terminated'] as const;
export type Phase = (typeof PHASES)[number];
/** The phases that belong to an instance: they move along when jobs swap runners. */
const INSTANCE_PHASES = ['launched', 'booting', 'registered', 'terminated'] as const;
type InstancePhase = (typeof INSTANCE_PHASES)[number];

export interface JobStory {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly createdAt: number;
  conclusion?: string;
  runnerName?: string;
  instanceId?: string;
  /** The job that the instance was made for, when it is another one. */
  madeFor?: string;
  readonly times: Partial<Record<Phase, number>>;
}

export interface Step {
  readonly at: number;
  readonly phase: Phase;
  readonly job: JobStory;
}

interface InstanceStory {
  readonly id: string;
  attemptId?: string;
  readonly times: Partial<Record<InstancePhase, number>>;
}

function forgetInstance(job: JobStory): void {
  for (const phase of INSTANCE_PHASES) delete job.times[phase];
}

/** The reconciler launches, too. */
export const isLaunch = (event: WorldEvent): event is LogEvent =>
  (event.source === 'dispatch' || event.source === 'reconciler') && event.entry.event === 'launch';

export class Timeline {
  readonly jobs = new Map<string, JobStory>();
  private readonly instances = new Map<string, InstanceStory>();
  private readonly runIds = new Set<number>();
  private readonly manyRuns: boolean;
  private readonly onStep: (step: Step) => void;

  constructor(manyRuns: boolean, onStep: (step: Step) => void) {
    this.manyRuns = manyRuns;
    this.onStep = onStep;
  }

  /** Instances that were launched. */
  get launched(): number {
    return this.instances.size;
  }

  apply(event: WorldEvent): void {
    const { at } = event;
    if (event.source === 'github') this.applyGitHub(event.event, at);
    else if (event.source === 'queue') {
      if (event.message.kind === 'job' && event.message.action === 'queued') this.queueJob(event.message, at);
    } else if (event.source === 'fleet') {
      const { id, state } = event.instance;
      if (state !== 'running') this.instanceReaches(id, state === 'pending' ? 'launched' : 'terminated', at);
    } else if (event.source === 'instance') this.instanceReaches(event.event.instanceId, 'booting', at);
    else if (isLaunch(event)) this.nameInstances(event.entry);
  }

  private applyGitHub(event: (WorldEvent & { source: 'github' })['event'], at: number): void {
    if (event.kind === 'job-queued') this.addJob(event.job);
    else if (event.kind === 'job-started') this.startJob(event.job);
    else if (event.kind === 'job-completed') this.completeJob(event.job);
    else if (event.kind === 'runner-online') {
      const instance = this.instanceOfRunner(event.runnerName);
      if (instance) this.instanceReaches(instance.id, 'registered', at);
    }
  }

  /** Jobs of several runs of the same workflow are told apart by the number of the run. */
  private addJob({ id, name, labels, at, runId }: JobEvent): void {
    if (this.jobs.has(id)) return;
    this.runIds.add(runId);
    const number = [...this.runIds].indexOf(runId) + 1;
    const shown = this.manyRuns ? `${name} #${number}` : name;
    this.jobs.set(id, { id, name: shown, labels, createdAt: at, times: {} });
  }

  /** From now on the job's instance is the one that runs it. */
  private startJob({ id, runnerName, at }: JobEvent): void {
    const job = this.jobs.get(id);
    const instance = runnerName === undefined ? undefined : this.instanceOfRunner(runnerName);
    if (!job) return;
    job.runnerName = runnerName;
    if (instance) this.takeFromOthers(instance.id, job);
    job.instanceId = instance?.id;
    forgetInstance(job);
    Object.assign(job.times, instance?.times);
    const madeFor = instance?.attemptId && jobIdOfAttempt(instance.attemptId);
    if (madeFor !== id) job.madeFor = madeFor;
    this.reach(id, 'running', at);
  }

  /** Whoever waited for this instance waits for another from now on. */
  private takeFromOthers(instanceId: string, taker: JobStory): void {
    for (const job of this.jobs.values()) {
      if (job === taker || job.instanceId !== instanceId || job.times.running !== undefined) continue;
      job.instanceId = undefined;
      forgetInstance(job);
    }
  }

  /** A job may come from outside, by an event that somebody sent: the stand-in does not know it. */
  private queueJob({ jobId, name }: JobMessage, at: number): void {
    if (!this.jobs.has(jobId)) this.jobs.set(jobId, { id: jobId, name, labels: [], createdAt: at, times: {} });
    this.reach(jobId, 'queued', at);
  }

  /** A skipped job was never queued: its end is all that is heard of it. */
  private completeJob(job: JobEvent): void {
    this.addJob(job);
    const story = this.jobs.get(job.id);
    if (story) story.conclusion = job.conclusion;
    this.reach(job.id, 'done', job.at);
  }

  /** Dispatch says which attempts the new instances are. They may have been announced by the fleet before. */
  private nameInstances(entry: { readonly [field: string]: unknown }): void {
    const attempts = entry.attempts as readonly string[];
    ((entry.instances as readonly string[] | undefined) ?? []).forEach((id, position) => {
      const attemptId = attempts[position] as string;
      const instance = this.instance(id);
      instance.attemptId = attemptId;
      const job = this.jobs.get(jobIdOfAttempt(attemptId));
      if (!job || job.times.running !== undefined) return;
      // In place of one that came to nothing, or that another took.
      if (job.instanceId !== id) forgetInstance(job);
      job.instanceId = id;
      for (const phase of INSTANCE_PHASES) {
        const time = instance.times[phase];
        if (time !== undefined) this.reach(job.id, phase, time);
      }
    });
  }

  private instanceReaches(id: string, phase: InstancePhase, at: number): void {
    const instance = this.instance(id);
    if (instance.times[phase] !== undefined) return;
    instance.times[phase] = at;
    for (const job of this.jobs.values()) if (job.instanceId === id) this.reach(job.id, phase, at);
  }

  private instance(id: string): InstanceStory {
    const known = this.instances.get(id);
    if (known) return known;
    const instance: InstanceStory = { id, times: {} };
    this.instances.set(id, instance);
    return instance;
  }

  private instanceOfRunner(runnerName: string): InstanceStory | undefined {
    const attemptId = attemptIdOfRunner(DEPLOYMENT, runnerName);
    return attemptId === undefined
      ? undefined
      : [...this.instances.values()].find((instance) => instance.attemptId === attemptId);
  }

  private reach(jobId: string, phase: Phase, at: number): void {
    const job = this.jobs.get(jobId);
    if (!job || job.times[phase] !== undefined) return;
    job.times[phase] = at;
    this.onStep({ at, phase, job });
  }
}
