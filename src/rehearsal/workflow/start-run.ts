/** Starts a run of a workflow that was read: which jobs become queued when, and what becomes of them. */
import { githubContext } from './contexts.ts';
import { JobExecution } from './job-execution.ts';
import { JobGroup, type JobState } from './job-group.ts';
import type { JobChange, JobConclusion, RunContext, RunJob, WorkflowRun } from './types.ts';
import type { JobDefinition, Plain, PlainMap, Workflow } from './workflow.ts';

/** Nothing is queued before `start()`. The run never throws for what the workflow says: it fails the job, with a note. */
export function startRun(workflow: Workflow, context: RunContext): WorkflowRun {
  return new Run(workflow, context);
}

class Run implements WorkflowRun {
  readonly #workflow: Workflow;
  readonly #context: RunContext;
  readonly #groups: readonly JobGroup[];
  #cancelled = false;

  constructor(workflow: Workflow, context: RunContext) {
    this.#workflow = workflow;
    this.#context = context;
    this.#groups = workflow.jobs.map((definition) => new JobGroup(definition, this.#ownContexts(definition)));
  }

  get name(): string {
    return this.#workflow.name;
  }

  get jobs(): readonly RunJob[] {
    return this.#groups.flatMap((group) => group.jobs.map(viewOf));
  }

  get conclusion(): JobConclusion | undefined {
    const results = this.#groups.map((group) => group.result);
    if (results.includes(undefined)) return undefined;
    if (results.includes('failure')) return 'failure';
    if (results.includes('cancelled') || this.#cancelled) return 'cancelled';
    return results.every((result) => result === 'skipped') ? 'skipped' : 'success';
  }

  start(): readonly JobChange[] {
    return this.#advance();
  }

  startJob(key: string, runner: { readonly name: string }): void {
    const { group, job } = this.#find(key);
    // Cancelled in the moment when a runner took it: nothing to start.
    if (job.status !== 'queued') return;
    job.status = 'in_progress';
    const outer = this.#outerContexts(group.definition);
    job.execution = new JobExecution(this.#workflow, group.definition, job.instance, runner.name, outer);
  }

  nextStep(key: string) {
    const { job } = this.#find(key);
    return job.status === 'in_progress' ? job.execution?.nextStep() : undefined;
  }

  finishStep(key: string, result: Parameters<WorkflowRun['finishStep']>[1]): void {
    const { job } = this.#find(key);
    if (job.status === 'in_progress') job.execution?.finishStep(result);
  }

  finishJob(key: string, end: 'ran' | 'cancelled' | 'timed-out'): readonly JobChange[] {
    const { group, job } = this.#find(key);
    if (job.status === 'completed') return [];
    const changes = group.finish(job, end);
    return [...changes.map(toChange), ...this.#advance()];
  }

  /** Jobs whose `if:` is true all the same (`always()`, `cancelled()`) go on, as at GitHub. */
  cancel(): readonly JobChange[] {
    this.#cancelled = true;
    const changes = this.#groups
      .filter((group) => group.active)
      .filter((group) => !group.wanted(this.#scope(group.definition)))
      .flatMap((group) => group.cancel());
    return [...changes.map(toChange), ...this.#advance()];
  }

  /** Until nothing changes any more: a skipped job may let the next one be skipped. */
  #advance(): readonly JobChange[] {
    const changes: JobChange[] = [];
    for (let before = -1; changes.length !== before; ) {
      before = changes.length;
      for (const group of this.#groups) {
        if (group.waiting && this.#needsOf(group.definition).every((need) => need.result !== undefined))
          changes.push(...group.activate(this.#scope(group.definition)).map(toChange));
        changes.push(...group.fill().map(toChange));
      }
    }
    return changes;
  }

  #find(key: string): { group: JobGroup; job: JobState } {
    for (const group of this.#groups) {
      const job = group.jobs.find(({ instance }) => instance.key === key);
      if (job) return { group, job };
    }
    throw new Error(`the run has no job '${key}'`);
  }

  #needsOf(definition: JobDefinition): readonly JobGroup[] {
    return this.#groups.filter((group) => definition.needs.includes(group.definition.id));
  }

  #ancestorsOf(definition: JobDefinition): readonly JobGroup[] {
    const ancestors = new Set<JobGroup>();
    const found = [...this.#needsOf(definition)];
    for (let group = found.pop(); group; group = found.pop()) {
      if (!ancestors.has(group)) found.push(...this.#needsOf(group.definition));
      ancestors.add(group);
    }
    return [...ancestors];
  }

  #ownContexts(definition: JobDefinition): Record<string, Plain> {
    return {
      github: githubContext(this.#workflow.name, this.#context, definition.id),
      inputs: this.#context.event === 'workflow_dispatch' ? this.#workflow.inputs : {},
    };
  }

  #outerContexts(definition: JobDefinition): Record<string, Plain> {
    const needs = this.#needsOf(definition).map((need) => [need.definition.id, needContext(need)]);
    return { ...this.#ownContexts(definition), needs: Object.fromEntries(needs) };
  }

  /** GitHub looks at all jobs before this one, not only at those that it names in `needs`. */
  #scope(definition: JobDefinition) {
    const results = this.#ancestorsOf(definition).map((group) => group.result);
    return {
      contexts: this.#outerContexts(definition),
      status: {
        success: !this.#cancelled && results.every((result) => result === 'success'),
        failure: results.includes('failure'),
        cancelled: this.#cancelled,
      },
    };
  }
}

function needContext(group: JobGroup): PlainMap {
  return { result: group.result ?? '', outputs: group.outputs };
}

function toChange({ kind, job }: { kind: JobChange['kind']; job: JobState }): JobChange {
  return { kind, job: viewOf(job) };
}

function viewOf({ instance, status, conclusion, execution, setUpFault }: JobState): RunJob {
  const { key, name, labels, group, timeoutMs } = instance;
  const steps = execution?.steps ?? (setUpFault === undefined ? [] : [failedSetUp(setUpFault)]);
  return { key, name, labels, group, timeoutMs, status, conclusion, steps };
}

function failedSetUp(note: string) {
  return { number: 1, name: 'Set up job', status: 'completed', conclusion: 'failure', note } as const;
}
