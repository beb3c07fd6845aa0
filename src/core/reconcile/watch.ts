/** What the reconciler remembers from one run to the next, and its lease: one record beside the markers of what is open. */
import { limits } from '../limits.ts';
import type { Item, Table } from '../ports.ts';
import { watchKey } from '../records.ts';

export interface Watch {
  /** How often it was written; 0: never. */
  readonly v: number;
  /** Who works, and until when at most. */
  readonly holder?: string;
  readonly leaseUntil?: number;
  /** When a run last looked at EC2 and GitHub, and how often in a row it saw nothing of ours there. */
  readonly lookedAt: number;
  readonly quietPasses: number;
  /** When the runners were last listed, and how many pages that took. */
  readonly listedAt: number;
  readonly runnerPages: number;
  readonly deliveries: DeliveryWatch;
  readonly repositories: readonly RepositoryWatch[];
}

export interface DeliveryWatch {
  /** Up to this delivery all were seen: later ones may still be under way, and appear below others. */
  readonly upTo: number;
  /** The newest that was seen, and whether it was answered well: then our webhook works. */
  readonly newest: number;
  readonly isUp: boolean;
  /** Older ones that are still to be read: from the cursor down to that delivery. */
  readonly backlog?: { readonly cursor: string; readonly downTo: number };
  readonly pending: readonly PendingRedelivery[];
}

export interface PendingRedelivery {
  readonly guid: string;
  /** The delivery to repeat. */
  readonly id: number;
  readonly deliveredAt: number;
  readonly tries: number;
  /** When it was last repeated; 0: not yet. */
  readonly triedAt: number;
}

export interface RepositoryWatch {
  /** "owner/name". */
  readonly name: string;
  /** When its queued runs, and those in progress, were last searched. */
  readonly queuedAt: number;
  readonly inProgressAt: number;
}

const NEW: Watch = {
  v: 0,
  lookedAt: 0,
  quietPasses: 0,
  listedAt: 0,
  runnerPages: 1,
  deliveries: { upTo: 0, newest: 0, isUp: true, pending: [] },
  repositories: [],
};

export function readWatch(item: Item | undefined): Watch {
  if (!item) return NEW;
  const { pk, sk, expiresAt, ...watch } = item;
  return watch as unknown as Watch;
}

/** `undefined`: somebody else wrote meanwhile, or the table did not answer. */
export async function writeWatch(table: Table, watch: Watch): Promise<Watch | undefined> {
  const item = { ...watch, ...watchKey, v: watch.v + 1 };
  const written = await table.write([{ kind: 'put', item, ifVersion: watch.v }]);
  return written.kind === 'ok' ? { ...watch, v: watch.v + 1 } : undefined;
}

/** `undefined`: another run has it. */
export async function takeLease(table: Table, watch: Watch, runId: string, now: number): Promise<Watch | undefined> {
  const isTaken = watch.holder !== undefined && watch.holder !== runId && (watch.leaseUntil ?? 0) > now;
  return isTaken ? undefined : writeWatch(table, { ...watch, holder: runId, leaseUntil: now + limits.leaseMs });
}

/** Nothing is open or left to be read, and the last looks at EC2 and GitHub saw nothing of ours there. */
export const isQuiet = ({ quietPasses, lookedAt, deliveries }: Watch, now: number) =>
  quietPasses >= limits.quietPasses && now - lookedAt < limits.deepPassMs && deliveries.backlog === undefined;
