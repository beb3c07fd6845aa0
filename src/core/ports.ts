/**
 * What the core asks of the world. Outcomes are values: an adapter never throws for what the world may do, only for bugs.
 * Each port has a local adapter (`adapters/local`) and one for AWS or GitHub, held to the same contract tests.
 */
import type { Launch, Platform, Pool, Scope } from './types.ts';

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
}

// ---------------------------------------------------------------------------------------------------------- fleet

export type LaunchOutcome =
  /** At most `attemptIds.length` instances. Fewer is a shortfall for want of capacity. */
  | { readonly kind: 'ok'; readonly instanceIds: readonly string[] }
  | { readonly kind: 'no-capacity'; readonly detail: string }
  | { readonly kind: 'throttled'; readonly detail: string }
  | { readonly kind: 'misconfigured'; readonly detail: string }
  /** Sent, and no answer: it may have launched. Replay the same request. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** The token was used for another request, or its instances are gone: this launch can never be replayed. */
  | { readonly kind: 'over'; readonly detail: string };

export interface Fleet {
  /** Repeatable: `launch.id` is the client token. */
  launch(launch: Launch, pool: Pool): Promise<LaunchOutcome>;
  /** Ends an instance of this deployment. Gone already is `ok`. */
  terminate(instanceId: string): Promise<'ok' | 'not-ours' | 'throttled' | 'unavailable'>;
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
}

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
  findRunner(
    installationId: number,
    scope: Scope,
    name: string,
  ): Promise<{ readonly kind: 'ok'; readonly runner: Runner } | { readonly kind: 'gone' } | GitHubFailure>;
  runnerDownloads(
    installationId: number,
    scope: Scope,
  ): Promise<{ readonly kind: 'ok'; readonly downloads: readonly RunnerDownload[] } | GitHubFailure>;
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
