/**
 * What the core asks of the world. Outcomes are values: an adapter never throws for what the world may do, only for bugs.
 * Each port has a local adapter (`adapters/local`) and one for AWS or GitHub, held to the same contract tests.
 */
import type { Launch, Override, Platform, Pool, Scope } from './types.ts';

/** Milliseconds since 1970. Handed in everywhere, so that a simulator can turn the clock. */
export type Clock = () => number;

// ---------------------------------------------------------------------------------------------------------- table

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** A record: plain JSON values. `v` counts its writes; `expiresAt` is in seconds since 1970 (DynamoDB's unit). */
export interface Item extends Key {
  readonly v: number;
  readonly expiresAt?: number;
  readonly [attribute: string]: unknown;
}

/** `v: 0` means "not there". */
export type Write =
  | { readonly kind: 'put'; readonly item: Item; readonly ifVersion: number }
  | { readonly kind: 'delete'; readonly key: Key; readonly ifVersion: number }
  /** Adds to a counter, which starts at 0; refused when the sum would pass `atMost`. */
  | {
      readonly kind: 'add';
      readonly key: Key;
      readonly attribute: string;
      readonly amount: number;
      readonly atMost?: number;
      readonly expiresAt?: number;
    };

export type WriteOutcome =
  | { readonly kind: 'ok' }
  /** Nothing was written. `failed`: positions of the writes whose condition did not hold (empty: lost a race). */
  | { readonly kind: 'conflict'; readonly failed: readonly number[] }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'unavailable' };

export interface Page {
  readonly items: readonly Item[];
  /** Hand it back as `after` for the next page; absent on the last. */
  readonly next?: string;
}

/** One key-value table with conditional writes. Reads are strongly consistent. */
export interface Table {
  /** Up to 100 keys; the answers stand in the order of the keys. */
  read(keys: readonly Key[]): Promise<readonly (Item | undefined)[] | 'unavailable'>;
  /** Items of one partition whose sort key starts with `prefix`, in order of their sort keys. */
  query(pk: string, options?: { prefix?: string; after?: string; limit?: number }): Promise<Page | 'unavailable'>;
  /** All or nothing; up to 100 writes, each of another key. */
  write(writes: readonly Write[]): Promise<WriteOutcome>;
}

// ---------------------------------------------------------------------------------------------------------- queue

export type SendOutcome = 'ok' | 'throttled' | 'unavailable';

/** The launch queue, seen by its writers. `delayMs`: 0 to 900,000 (SQS's limit). */
export interface Queue {
  send(body: string, delayMs?: number): Promise<SendOutcome>;
}

// -------------------------------------------------------------------------------------------------------- mailbox

/** A runner as GitHub knows it. */
export interface RunnerRef {
  readonly id: number;
  readonly name: string;
}

/** A row as the control plane reads it. `boot` was written by the instance: untrusted. */
export interface Mail {
  readonly id: string;
  /** A letter was put there: it lies there, or was taken. */
  readonly given: boolean;
  readonly taken: boolean;
  /** The runner whose JIT config was given. The instance can not write it. */
  readonly runner?: RunnerRef;
  readonly takenAt?: string;
  readonly boot?: string;
}

/** The table through which an instance gets its JIT config: once, and only its own. */
export interface Mailbox {
  /**
   * Puts the letter into the row of `userId` (`<role id>:<instance id>`), unless one was put there before, and beside it
   * whose letter it is, for whoever repeats this. `expiresAt`: ms.
   */
  give(
    userId: string,
    letter: string,
    expiresAt: number,
    runner: RunnerRef,
  ): Promise<'given' | 'already' | 'throttled' | 'unavailable'>;
  read(userIds: readonly string[]): Promise<readonly Mail[] | 'unavailable'>;
  /** Lets no letter be given any more, unless one was: from then on the instance can never register a runner. */
  close(userId: string, expiresAt: number): Promise<'closed' | 'already' | 'throttled' | 'unavailable'>;
}

// ---------------------------------------------------------------------------------------------------------- fleet

export type LaunchOutcome =
  /** At most `attemptIds.length` instances. Fewer is a shortfall for want of capacity, which `exhausted` explains. */
  | { readonly kind: 'ok'; readonly instanceIds: readonly string[]; readonly exhausted?: readonly Override[] }
  | { readonly kind: 'no-capacity'; readonly detail: string; readonly exhausted?: readonly Override[] }
  | { readonly kind: 'throttled'; readonly detail: string }
  | { readonly kind: 'misconfigured'; readonly detail: string }
  /** Sent, and no answer: it may have launched. Replay the same request. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** The token was used for another request, or its instances are gone: this launch can never be replayed. */
  | { readonly kind: 'over'; readonly detail: string };

export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

/** An instance as EC2 lists it. A list is late: it proves that an instance is there, never that it is not. */
export interface Instance {
  readonly id: string;
  /** From its tags. */
  readonly launchId: string;
  readonly pool: string;
  readonly state: InstanceState;
  readonly launchedAt: number;
  /** EC2's `StateReason.Code`, when it ended or could not start: Client.InternalError, Server.SpotInstanceTermination, ... */
  readonly stateReason?: string;
}

export interface Fleet {
  /** Repeatable: `launch.id` is the client token. */
  launch(launch: Launch, pool: Pool): Promise<LaunchOutcome>;
  /** Ends an instance of this deployment. Gone already is `ok`. */
  terminate(instanceId: string): Promise<'ok' | 'not-ours' | 'throttled' | 'unavailable'>;
  /** All instances with the deployment's tag, ended ones too as long as EC2 shows them (about an hour). */
  list(): Promise<readonly Instance[] | 'throttled' | 'unavailable'>;
}

// --------------------------------------------------------------------------------------------------------- GitHub

export interface JitRequest {
  readonly installationId: number;
  readonly scope: Scope;
  readonly name: string;
  readonly runnerGroupId: number;
  readonly labels: readonly string[];
}

/** What can go wrong with any call to GitHub. `retryAfterMs`: when GitHub said how long to wait. */
export type GitHubFailure =
  | { readonly kind: 'throttled'; readonly retryAfterMs?: number; readonly detail: string }
  | { readonly kind: 'unavailable'; readonly detail: string }
  /** Key, installation or permission is wrong: retrying does not help. */
  | { readonly kind: 'auth'; readonly detail: string }
  /** The request is wrong: unknown runner group, bad label. */
  | { readonly kind: 'refused'; readonly detail: string };

export type JitOutcome =
  | { readonly kind: 'ok'; readonly runnerId: number; readonly jitConfig: string }
  /** 409: most often our own first try, whose reply was lost. */
  | { readonly kind: 'name-taken' }
  | GitHubFailure;

export interface Runner {
  readonly id: number;
  readonly name: string;
  readonly online: boolean;
  readonly busy: boolean;
  readonly labels: readonly string[];
}

export type FindRunnerOutcome =
  | { readonly kind: 'ok'; readonly runner: Runner }
  | { readonly kind: 'gone' }
  | GitHubFailure;

/** All pages of a list. Runners come and go while it is read: it proves that one is there, never that it is not. */
export type ListRunnersOutcome =
  | { readonly kind: 'ok'; readonly runners: readonly Runner[]; readonly pages: number }
  | GitHubFailure;

/** A runner package that GitHub offers. */
export interface RunnerDownload {
  readonly platform: Platform;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
}

export type DeleteOutcome =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'gone' }
  | GitHubFailure;

export interface GitHub {
  createJitConfig(request: JitRequest): Promise<JitOutcome>;
  /** 204 is `deleted`, 422 is `busy`, 404 is `gone`. */
  deleteRunner(installationId: number, scope: Scope, runnerId: number): Promise<DeleteOutcome>;
  findRunner(installationId: number, scope: Scope, name: string): Promise<FindRunnerOutcome>;
  /** By its id: the only answer about one runner that is never late. */
  getRunner(installationId: number, scope: Scope, runnerId: number): Promise<FindRunnerOutcome>;
  /** One call a page of 100. */
  listRunners(installationId: number, scope: Scope): Promise<ListRunnersOutcome>;
  runnerDownloads(
    installationId: number,
    scope: Scope,
  ): Promise<{ readonly kind: 'ok'; readonly downloads: readonly RunnerDownload[] } | GitHubFailure>;
}

/** A job as GitHub has it now. Reads lag behind the webhook by some seconds. */
export interface GitHubJob {
  /** `workflow_job.id`, in digits. */
  readonly id: string;
  /** `held`: waits for an approval or for other jobs. A queued job of a run that is over counts as completed. */
  readonly status: 'queued' | 'held' | 'in_progress' | 'completed';
  readonly conclusion?: string;
  readonly runnerName?: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly createdAt: number;
}

export type FindJobOutcome =
  | { readonly kind: 'ok'; readonly job: GitHubJob }
  /** GitHub knows no such job (any more), or the repository is gone. */
  | { readonly kind: 'gone' }
  | GitHubFailure;

export type JobsOutcome =
  | {
      readonly kind: 'ok';
      readonly jobs: readonly GitHubJob[];
      readonly private: boolean;
      /** Calls that it took: each costs a point. */
      readonly calls: number;
    }
  | GitHubFailure;

/** Workflow jobs at GitHub. `repository`: "owner/name". */
export interface GitHubJobs {
  /** Two calls for a queued job: its run may be over. */
  findJob(installationId: number, repository: string, jobId: string): Promise<FindJobOutcome>;
  /** Jobs of the repository's newest runs of that status (at most 10 runs, the first 100 jobs of each). */
  unfinishedJobs(installationId: number, repository: string, runs: 'queued' | 'in_progress'): Promise<JobsOutcome>;
  /** Runs the job again, as a new job of the next attempt of its run. `not-yet`: its run is not over. */
  rerunJob(
    installationId: number,
    repository: string,
    jobId: string,
  ): Promise<{ readonly kind: 'ok' } | { readonly kind: 'not-yet' } | GitHubFailure>;
}

/** One try to deliver an event to the App's webhook. A redelivery is another one with the same GUID. */
export interface WebhookDelivery {
  readonly id: number;
  readonly guid: string;
  readonly deliveredAt: number;
  /** Our answer; 0: none in time. */
  readonly statusCode: number;
  readonly event: string;
}

export type DeliveriesOutcome =
  | {
      readonly kind: 'ok';
      /** The newest first. */
      readonly deliveries: readonly WebhookDelivery[];
      /** Hand it back for the next page of older ones; absent on the last. */
      readonly next?: string;
    }
  | GitHubFailure;

/** What GitHub delivered to the App's webhook in the last 3 days. Asked as the App itself: outside an installation's points. */
export interface Deliveries {
  /** One call: a page of 100. */
  list(cursor?: string): Promise<DeliveriesOutcome>;
  redeliver(deliveryId: number): Promise<{ readonly kind: 'ok' } | { readonly kind: 'gone' } | GitHubFailure>;
}

// --------------------------------------------------------------------------------------------------- runner cache

/** Where the runner packages lie for the instances (S3). */
export interface RunnerStore {
  has(key: string): Promise<boolean>;
  /** Streams the package from `url` to `key`; nothing is stored unless its sha256 is right. */
  store(key: string, url: string, sha256: string): Promise<'ok' | 'corrupt' | 'unavailable'>;
}

// -------------------------------------------------------------------------------------------------------- webhook

/** The secrets that sign webhooks: the current one, and during a rotation the one before. */
export interface WebhookSecrets {
  /** `fresh`: read again, at most once per 30 s. `undefined`: not configured. */
  read(options?: { fresh?: boolean }): Promise<readonly string[] | undefined>;
}

/** HMAC-SHA256 in hexadecimal over the raw bytes, compared in constant time. An empty secret verifies nothing. */
export type VerifyHmac = (secret: string, body: Uint8Array, signatureHex: string) => boolean;

// ------------------------------------------------------------------------------------------------------------ log

/** One structured line. Never a secret, never a payload. */
export type Log = (entry: { readonly event: string; readonly [field: string]: unknown }) => void;
