/**
 * What a workflow run is to the GitHub stand-in: jobs that become queued one after the other, and for each running job
 * the next step to execute. Pure: times are handed in, nothing is executed here.
 */

/** A job of a run, after matrix expansion. */
export interface RunJob {
  /** Position-independent key inside the run: the job's id in the file, and its matrix values: `test (1, linux)`. */
  readonly key: string;
  /** Name shown to people: `name:` evaluated, else the key. */
  readonly name: string;
  readonly labels: readonly string[];
  /** `runs-on: { group }`. */
  readonly group?: string;
  /** `timeout-minutes`, default 360. */
  readonly timeoutMs: number;
  readonly status: 'pending' | 'queued' | 'in_progress' | 'completed';
  readonly conclusion?: JobConclusion;
  /** None before it starts; then "Set up job", the steps of the file from number 2 on, and "Complete job". */
  readonly steps: readonly RunStep[];
}

export type JobConclusion = 'success' | 'failure' | 'cancelled' | 'skipped';

export interface RunStep {
  readonly number: number;
  readonly name: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped';
  /** Why it was skipped without being asked to (a `uses:` step), or what went wrong. */
  readonly note?: string;
}

/** A step, all expressions evaluated, as the runner executes it. */
export interface StepCommand {
  readonly number: number;
  readonly name: string;
  readonly script: string;
  readonly shell: 'bash' | 'sh';
  /** Whether `shell:` was written out: GitHub then runs `bash --noprofile --norc -eo pipefail`, else `bash -e`. */
  readonly shellNamed: boolean;
  /** Relative to the workspace, or absolute. */
  readonly workingDirectory?: string;
  /** All of it: workflow, job, step, what steps before wrote to GITHUB_ENV, and GITHUB_* defaults. */
  readonly env: Readonly<Record<string, string>>;
  /** Entries to put before PATH, first one first. */
  readonly path: readonly string[];
  readonly timeoutMs: number;
}

/** What the runner says of a step it executed. */
export interface StepResult {
  readonly exitCode: number;
  /** The step was ended for its own or the job's timeout. */
  readonly timedOut?: boolean;
  /** Contents of the files behind GITHUB_ENV, GITHUB_OUTPUT, GITHUB_PATH. */
  readonly envFile: string;
  readonly outputFile: string;
  readonly pathFile: string;
}

/** What became of jobs, in order, after something happened. */
export type JobChange =
  | { readonly kind: 'queued'; readonly job: RunJob }
  | { readonly kind: 'completed'; readonly job: RunJob }
  /** In progress, and must be cancelled (fail-fast): the runner is told, and then says `finishJob`. */
  | { readonly kind: 'cancel'; readonly job: RunJob };

export interface RunContext {
  readonly runId: number;
  readonly runNumber: number;
  /** `owner/name`. */
  readonly repository: string;
  readonly event: string;
  readonly sha: string;
  readonly ref: string;
  readonly serverUrl: string;
  readonly apiUrl: string;
}

/** One run of one workflow. Made by `startRun(workflow, context)` in `start-run.ts`. */
export interface WorkflowRun {
  readonly name: string;
  readonly jobs: readonly RunJob[];
  readonly conclusion?: JobConclusion;
  /** Queues the first jobs. Call it once. */
  start(): readonly JobChange[];
  /** A runner took the job. */
  startJob(key: string, runner: { readonly name: string }): void;
  /** The next step to execute, or none: then call `finishJob`. Steps not to be executed are marked skipped on the way. */
  nextStep(key: string): StepCommand | undefined;
  finishStep(key: string, result: StepResult): void;
  /**
   * The runner is done with the job. `cancelled`: it was told to stop, or no runner took it; one that died without being
   * told has failed. Needs, fail-fast, max-parallel follow.
   */
  finishJob(key: string, end: 'ran' | 'cancelled' | 'timed-out'): readonly JobChange[];
  /** Cancels the whole run, as the button does. */
  cancel(): readonly JobChange[];
}
