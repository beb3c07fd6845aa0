/** The records of the model. They are live: read them at once, do not keep them, and never change them from outside. */
import type { Clock } from '../../../core/ports.ts';
import type { JobConclusion, RunContext, RunStep, WorkflowRun } from '../../workflow/types.ts';
import type { RateLimits } from './rate-limits.ts';
import type { MakeRun } from './runs.ts';

export interface ModelOptions {
  readonly clock: Clock;
  /** Ids, tokens and GUIDs follow from it. Random text for a real port, a fixed one for a simulator. */
  readonly seed: string;
  readonly app: { readonly id: number; readonly slug: string };
  /** The App's one installation: on this organisation, for all of its repositories. */
  readonly installation: {
    readonly id: number;
    readonly organization: string;
    /** Default: what Mayfly's App asks for, and to cancel runs. */
    readonly permissions?: Permissions;
  };
  /** The private key of every runner, as the text of `.credentials_rsaparams`: see `createRunnerKey`. */
  readonly runnerKey: string;
  /** Where the stand-in answers. `serveGitHub` sets it when it listens. Default `http://127.0.0.1`. */
  readonly origin?: string;
  /** Where events go. None: no deliveries are made. */
  readonly hook?: Hook;
  readonly rateLimits?: Partial<RateLimits>;
}

export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

export interface Hook {
  readonly url: string;
  readonly secret: string;
}

export interface RepositoryRecord {
  readonly id: number;
  readonly name: string;
  /** "owner/name". */
  readonly fullName: string;
  readonly private: boolean;
  readonly createdAt: number;
}

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
  readonly visibility: 'all' | 'private' | 'selected';
  /** "owner/name" entries, when `visibility` is "selected". */
  readonly selectedRepositories: readonly string[];
  readonly allowsPublicRepositories: boolean;
}

export interface RunnerRecord {
  readonly id: number;
  readonly name: string;
  /** Absent: a runner of the organisation. */
  readonly repository?: RepositoryRecord;
  readonly group: RunnerGroup;
  readonly labels: readonly string[];
  /** The labels in lower case: matching ignores case. */
  readonly offers: ReadonlySet<string>;
  readonly ephemeral: boolean;
  readonly clientId: string;
  /** "unknown" until it connects. */
  os: string;
  version?: string;
  sessionId?: string;
  online: boolean;
  /** Assigned to it, or running on it when `busy`. */
  job?: JobRecord;
  busy: boolean;
}

export interface RunRecord {
  readonly id: number;
  readonly number: number;
  readonly repository: RepositoryRecord;
  readonly makeRun: MakeRun;
  readonly context: RunContext;
  /** Of the current attempt. */
  run: WorkflowRun;
  /** From 1: a re-run is another attempt of the same run. */
  attempt: number;
  /** Of the current attempt. */
  startedAt: number;
  readonly trigger: Trigger;
  readonly createdAt: number;
  updatedAt: number;
  /** By the engine's key, the latest of each. Jobs that wait for others are not there yet, as at GitHub. */
  readonly jobs: Map<string, JobRecord>;
}

/** What started a run. */
export interface Trigger {
  readonly event: string;
  readonly branch: string;
  readonly sha: string;
  /** Of the workflow file, in its repository. */
  readonly path: string;
}

export interface JobRecord {
  readonly id: number;
  readonly run: RunRecord;
  /** Of its run. */
  readonly attempt: number;
  readonly key: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** The labels in lower case. */
  readonly wants: readonly string[];
  /** Name of the runner group that `runs-on` asks for. */
  readonly group?: string;
  readonly timeoutMs: number;
  readonly createdAt: number;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion?: JobConclusion;
  startedAt?: number;
  completedAt?: number;
  /** The runner that took it; it stays after the runner's record is gone. */
  runner?: RunnerRecord;
  /** The runner that it is assigned to, and that has not taken it yet. */
  assignedTo?: RunnerRecord;
  cancelRequested: boolean;
  /** As the engine had them at the end. */
  finalSteps?: readonly RunStep[];
  readonly stepTimes: Map<number, { readonly startedAt: number; completedAt?: number }>;
  readonly log: string[];
  logCharacters: number;
}

/** One attempt to deliver an event. A redelivery is a record of its own with the same GUID. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly redelivery: boolean;
  readonly event: 'workflow_job';
  readonly action: 'queued' | 'in_progress' | 'completed';
  readonly job: JobRecord;
  readonly payload: object;
  /** Absent while it is not sent. */
  result?: DeliveryResult;
}

export interface DeliveryResult {
  readonly deliveredAt: number;
  readonly durationMs: number;
  /** 0: no answer at all. */
  readonly statusCode: number;
  /** "OK" for 2xx. */
  readonly status: string;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
}

/** What happens at GitHub, for a timeline. Listeners are called after the change is complete, and may call the model. */
export type ModelEvent =
  | { readonly kind: 'job-queued' | 'job-started' | 'job-requeued' | 'job-completed'; readonly job: JobEvent }
  | {
      readonly kind: 'runner-registered' | 'runner-online' | 'runner-offline' | 'runner-removed';
      readonly at: number;
      readonly runnerId: number;
      readonly runnerName: string;
    }
  | { readonly kind: 'delivery-queued'; readonly at: number; readonly delivery: Delivery }
  | { readonly kind: 'delivery-sent'; readonly at: number; readonly delivery: Delivery; readonly statusCode: number };

export interface JobEvent {
  readonly at: number;
  /** `workflow_job.id`, in digits. */
  readonly id: string;
  readonly runId: number;
  readonly name: string;
  readonly repository: string;
  readonly labels: readonly string[];
  /** The runner that runs or ran it; for `job-requeued`, the one that did not take it. */
  readonly runnerName?: string;
  readonly conclusion?: JobConclusion;
}
