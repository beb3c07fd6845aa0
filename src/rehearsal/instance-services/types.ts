/** What the parts of the instances' server share. */
import type { Credentials, SignedRequest } from './verify-sigv4.ts';

/** The two calls of an instance to its mailbox row, and a look at it. `LocalMailbox` has them. */
export interface InstanceMailbox {
  /** The letter, once. None: not there yet, or taken. */
  take(userId: string, at: string): string | undefined;
  /** False: longer than anybody reads. */
  report(userId: string, boot: string): boolean;
  read(userIds: readonly string[]): Promise<readonly { readonly taken: boolean }[]>;
}

/** What an instance did, for whoever watches. `at`: milliseconds since 1970. */
export type InstanceEvent = { readonly instanceId: string; readonly at: number } & (
  | { readonly kind: 'metadata-read'; readonly path: string }
  /** It looked into its mailbox, and no letter was there. */
  | { readonly kind: 'mailbox-empty' }
  | { readonly kind: 'letter-taken' }
  | { readonly kind: 'runner-fetched'; readonly key: string }
  /** Untrusted bytes: text, packed with gzip, when they come from our boot script. */
  | { readonly kind: 'logs-stored'; readonly key: string; readonly body: Uint8Array }
  /** Untrusted text: JSON with code, line and phases, when it comes from our boot script. */
  | { readonly kind: 'boot-reported'; readonly boot: string }
  | { readonly kind: 'denied'; readonly code: string; readonly detail: string }
);

/** An event without what the server adds: when, and by whom. */
export type Note = InstanceEvent extends infer E ? (E extends unknown ? Omit<E, 'instanceId' | 'at'> : never) : never;

/** An instance as the server knows it. */
export interface KnownInstance {
  readonly id: string;
  /** Where its metadata are: known to it alone. */
  readonly path: string;
  /** `aws:userid` of its role session: `<role id>:<instance id>`. */
  readonly userId: string;
  readonly credentials: Credentials;
  /** Metadata tokens (IMDSv2) and when they expire. */
  readonly tokens: Map<string, number>;
  /** None: the instance has no user data. */
  userData?: string;
  /** EC2 takes a spot instance back: what the metadata say from two minutes before. `time`: ISO 8601. */
  spotAction?: { readonly action: 'terminate'; readonly time: string };
}

export type Request = SignedRequest;

export interface Answer {
  readonly status: number;
  readonly type: 'text/plain' | 'application/x-amz-json-1.0' | 'application/xml' | 'application/octet-stream';
  readonly body: string | Uint8Array;
}
