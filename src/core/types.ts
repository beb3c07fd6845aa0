/**
 * The words of the system: what a pool, a job, an attempt and a launch are.
 *
 *   job      a GitHub workflow job
 *   pool     interchangeable runners: labels, platform, limits
 *   attempt  one instance with one JIT config of a pool, only *meant for* a job: GitHub hands a job to any matching runner
 *   launch   one fleet request for one or more attempts of a pool; stored whole before it is sent, replayed unchanged
 *
 * Times are milliseconds since 1970; durations end in `Ms`.
 */
import type { AttemptState } from './attempt-machine.ts';
import type { BootReport } from './boot-report.ts';
import type { ReasonCode } from './codes.ts';
import type { JobState } from './job-machine.ts';
import type { LaunchState } from './launch-machine.ts';

export type Platform = 'linux-x64' | 'linux-arm64' | 'windows-x64';

/** Where a pool's runners are registered: with the organisation, or with one repository ("owner/name"). */
export type Scope =
  | { readonly kind: 'organization'; readonly organization: string }
  | { readonly kind: 'repository'; readonly repository: string };

/** What routing needs to know of a pool: all that the webhook function carries. */
export interface RoutablePool {
  readonly name: string;
  /** A job is served when its labels are a subset of these, whatever the case. */
  readonly labels: readonly string[];
  /** The highest wins where several pools match; ties go to the first by name. */
  readonly priority: number;
  /** "owner/name": a repository-level pool, which serves that repository's jobs only. */
  readonly repository?: string;
  /** "owner/name" entries: the only repositories whose jobs are routed here. All, when absent. */
  readonly allowedRepositories?: readonly string[];
  /** Whether jobs of public repositories are routed here: anybody can open a pull request there. */
  readonly publicRepositories: boolean;
}

export type Market = 'spot' | 'on-demand';

/** All of a pool: what dispatch needs to launch and register its runners. */
export interface Pool extends RoutablePool {
  readonly platform: Platform;
  readonly scope: Scope;
  /** GitHub's id of the runner group; 1 is "Default". */
  readonly runnerGroupId: number;
  /** What a fleet request of this pool may choose from. */
  readonly fleet: FleetShape;
  readonly market: Market;
  /** After a spot request that found no capacity, ask for on-demand. */
  readonly onDemandFallback: boolean;
  readonly launchTemplate: LaunchTemplateRef;
  /** Unique id of the instance role (`AROA...`): the first half of every instance's `aws:userid`. */
  readonly roleId: string;
  /** Most instances that the pool may have at any time. */
  readonly maxRunners: number;
  /** How long a runner may wait for a job before it is ended. */
  readonly idleTimeoutMs: number;
  /** From launch to "Listening for Jobs"; later, the attempt is ended. */
  readonly bootDeadlineMs: number;
  /** From launch to the instance's end, whatever runs on it. */
  readonly lifetimeMs: number;
  /** Whether a job that failed because EC2 took its spot instance back is run again. Needs "Actions: write". */
  readonly rerunReclaimed: boolean;
}

/** The overrides of a fleet request (instance types x subnets), and how EC2 chooses among them. */
export interface FleetShape {
  readonly instanceTypes: readonly string[];
  readonly subnetIds: readonly string[];
  readonly spotAllocation: 'price-capacity-optimized' | 'capacity-optimized' | 'lowest-price' | 'diversified';
  readonly onDemandAllocation: 'lowest-price' | 'prioritized';
  /** Choices left out, because EC2 had no capacity there some minutes ago. Default: none. */
  readonly exhausted?: readonly Override[];
}

/** One of the choices of a fleet request. */
export interface Override {
  readonly instanceType: string;
  readonly subnetId: string;
}

/** A launch template with its version pinned, so that a launch can be replayed exactly. */
export interface LaunchTemplateRef {
  readonly id: string;
  readonly version: string;
}

/** A repository as events name it. */
export interface Repository {
  readonly owner: string;
  readonly name: string;
  readonly private: boolean;
}

/** `v` counts the writes of a record: whoever changes it must have seen the latest. 0: not written yet. */
interface Versioned {
  readonly v: number;
}

export interface Job extends Versioned {
  /** `workflow_job.id`, in digits. */
  readonly id: string;
  readonly state: JobState;
  readonly pool: string;
  readonly repository: string;
  readonly installationId: number;
  readonly name: string;
  readonly createdAt: number;
  /** Since when it waits for a runner: later than its creation, when it was held before. */
  readonly wantedAt?: number;
  /** Why it waits, when it does. */
  readonly reason?: ReasonCode;
  /** The attempt that is meant for it, or that runs it. */
  readonly attemptId?: string;
  /** How many attempts were ever made for it: the next one's id follows from it. */
  readonly attempts: number;
  /** How many of them ended without having run any job. */
  readonly failures: number;
  /** No attempt is made for it before. */
  readonly retryAt?: number;
  /** When it last lost an attempt that had an instance. Before it gets another, GitHub is asked whether it still waits. */
  readonly lostAt?: number;
  /** The instance of that attempt, for whoever asks EC2 why it ended. */
  readonly lostInstanceId?: string;
  /** When GitHub last said how it stands. */
  readonly checkedAt?: number;
  /** When GitHub was last asked, also in vain. */
  readonly askedAt?: number;
  readonly runnerName?: string;
  /** The job whose runner it took: if what followed from that was broken off, the repeated event finds it. */
  readonly displacedJobId?: string;
  readonly conclusion?: string;
  readonly startedAt?: number;
  readonly completedAt?: number;
  /** It failed with the spot instance that EC2 took back: to be run again, if its pool says so. */
  readonly rerunDue?: boolean;
  /** Why it waited, the oldest first; see `Ledger.setJob`. */
  readonly history?: readonly JobReason[];
}

export interface JobReason {
  readonly at: number;
  readonly reason: ReasonCode;
  readonly attemptId?: string;
}

export interface Attempt extends Versioned {
  /** `<job id>-<n>` of the job it was first made for: a retry collides with itself on purpose. */
  readonly id: string;
  readonly state: AttemptState;
  readonly pool: string;
  readonly launchId: string;
  readonly installationId: number;
  /** The job it is meant for, or runs. None: a spare, which the next waiting job inherits. */
  readonly jobId?: string;
  readonly instanceId?: string;
  readonly runnerId?: number;
  readonly runnerName?: string;
  readonly createdAt: number;
  readonly launchedAt?: number;
  /** How often in a row its next step (registration, end) came to nothing, and when the last time. */
  readonly tries?: number;
  readonly triedAt?: number;
  /** Since when it is a spare. */
  readonly spareSince?: number;
  /** GitHub said that the job it ran is over, so the runner's record is gone by itself. */
  readonly finishedAt?: number;
  /** Since when its runner was seen online without a job. */
  readonly idleSince?: number;
  /** Since when its runner was seen offline, after it had been online. */
  readonly offlineSince?: number;
  /** Since when EC2 does not list its instance, which proves nothing yet. */
  readonly instanceMissingSince?: number;
  /** GitHub did not know its runner when we asked. That proves nothing yet: see end-attempt.ts. */
  readonly runnerMissingSince?: number;
  /** When GitHub last refused to delete its runner, because a job has it. */
  readonly runnerBusyAt?: number;
  /** EC2 said that it takes the spot instance back. */
  readonly reclaimedAt?: number;
  /** The runner's record is gone for certain, or can never be made: nothing keeps the instance from being terminated. */
  readonly runnerDeletedAt?: number;
  readonly reason?: ReasonCode;
  /** What its instance reported of its boot: which phases it reached when, and how it ended. */
  readonly boot?: BootReport;
}

export interface Launch extends Versioned {
  /** Client token and tag of the fleet request. */
  readonly id: string;
  readonly state: LaunchState;
  readonly pool: string;
  readonly installationId: number;
  readonly market: Market;
  readonly launchTemplate: LaunchTemplateRef;
  readonly fleet: FleetShape;
  readonly attemptIds: readonly string[];
  readonly storedAt: number;
  /** When it was last sent without an answer. */
  readonly sentAt?: number;
  /** How often EC2 throttled it. */
  readonly throttles?: number;
  readonly reason?: ReasonCode;
}
