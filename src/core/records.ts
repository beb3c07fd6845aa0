/**
 * Where things lie in the table.
 *
 *   pk                     sk                      what
 *   job#<id>               -                       a job
 *   attempt#<id>           -                       an attempt
 *   launch#<id>            -                       a launch
 *   open                   <shelf>#<pool>#<time>#<id>   marker: the record is open. What the reconciler and a wake list
 *   instance#<id>          -                       -> attempt id
 *   pool#<name>            live                    how many instances it may have (too high for a while, never too low)
 *   pool#<name>            wake                    when the next wake message is due
 *   pool#<name>            definition              the pool as it was last: what runs of it must end when it is removed
 *   pool#<name>            health                  failures in a row, and until when nothing is launched
 *   pool#<name>            launches#<hour>         instances launched in that hour
 *   pool#<name>            unmatched#<owner/name>  until when nothing is launched for the repository
 *   capacity               <market>                which choices EC2 had no capacity for, and until when to leave them out
 *   github#<installation>  points#<minute>         points spent in that minute
 *   github#<installation>  pace                    a smaller budget, after GitHub throttled us
 *   runner#<platform>      -                       the current runner package
 *   open                   !recent#<owner/name>    a repository that had a job, and when (to the hour)
 *   open                   !reconciler             the reconciler's lease, and what it remembers from one run to the next
 *
 * Closed records expire; open ones do not.
 */
import { isClosedAttempt, isSupply } from './attempt-machine.ts';
import { isClosedJob } from './job-machine.ts';
import { isClosedLaunch } from './launch-machine.ts';
import { limits } from './limits.ts';
import type { Item, Key, Write } from './ports.ts';
import type { Attempt, Job, Launch, Market, Platform } from './types.ts';

const ALONE = '-';

export const jobKey = (id: string): Key => ({ pk: `job#${id}`, sk: ALONE });
export const attemptKey = (id: string): Key => ({ pk: `attempt#${id}`, sk: ALONE });
export const launchKey = (id: string): Key => ({ pk: `launch#${id}`, sk: ALONE });
export const instanceKey = (id: string): Key => ({ pk: `instance#${id}`, sk: ALONE });
export const liveKey = (pool: string): Key => ({ pk: `pool#${pool}`, sk: 'live' });
export const wakeKey = (pool: string): Key => ({ pk: `pool#${pool}`, sk: 'wake' });
export const definitionKey = (pool: string): Key => ({ pk: `pool#${pool}`, sk: 'definition' });
export const launchesKey = (pool: string, hour: number): Key => ({ pk: `pool#${pool}`, sk: `launches#${hour}` });
export const hourOf = (now: number) => Math.floor(now / 3_600_000);
export const healthKey = (pool: string): Key => ({ pk: `pool#${pool}`, sk: 'health' });
export const unmatchedKey = (pool: string, repository: string): Key => ({
  pk: `pool#${pool}`,
  sk: `unmatched#${repository.toLowerCase()}`,
});
export const capacityKey = (market: Market): Key => ({ pk: 'capacity', sk: market });
export const pointsKey = (installationId: number, minute: number): Key => ({
  pk: `github#${installationId}`,
  sk: `points#${minute}`,
});
export const paceKey = (installationId: number): Key => ({ pk: `github#${installationId}`, sk: 'pace' });
/** GitHub's points are counted by the minute. */
export const minuteOf = (now: number) => Math.floor(now / 60_000);
export const runnerKey = (platform: Platform): Key => ({ pk: `runner#${platform}`, sk: ALONE });
export const keyText = (key: Key) => `${key.pk} ${key.sk}`;

export const OPEN = 'open';
/** What is no marker sorts before all of them, so that one query reads both. */
const NO_MARKER = '!';
export const watchKey: Key = { pk: OPEN, sk: `${NO_MARKER}reconciler` };
const RECENT = `${NO_MARKER}recent#`;
export const recentKey = (repository: string): Key => ({ pk: OPEN, sk: `${RECENT}${repository}` });
/** "owner/name". `undefined`: it is another record. */
export const recentRepository = ({ sk }: Key) => (sk.startsWith(RECENT) ? sk.slice(RECENT.length) : undefined);
export const isMarker = ({ sk }: Key) => !sk.startsWith(NO_MARKER);

/** Where the marker of an open record stands, so that a wake finds what needs it without reading all that runs. */
export type Shelf =
  /** Jobs without an attempt, the oldest first. */
  | 'wanted'
  /** Jobs without an attempt that must not be tried before a time, the first to be due first. */
  | 'later'
  /** All other open jobs. */
  | 'job'
  /** Attempts without an instance or without mail yet. */
  | 'fresh'
  /** Attempts that no job needs, and those that are being ended. */
  | 'spare'
  /** Those whose runner GitHub does not know: the reconciler's. */
  | 'missing'
  /** Attempts whose instance is gone, and whose runner may still be registered. */
  | 'orphan'
  /** All other open attempts. */
  | 'attempt'
  /** Launches without an answer yet. */
  | 'launch';

/** Attempts on these have room of their pool reserved. */
export const RESERVED: ReadonlySet<Shelf> = new Set<Shelf>(['fresh', 'spare', 'missing', 'attempt']);

export type RecordKind = 'job' | 'attempt' | 'launch';
export type AnyRecord = Job | Attempt | Launch;

/** How the three kinds of record are stored. No shelf: closed. */
const KINDS = {
  job: { key: jobKey, shelfOf: shelfOfJob, ttlMs: limits.closedJobTtlMs },
  attempt: { key: attemptKey, shelfOf: shelfOfAttempt, ttlMs: limits.closedAttemptTtlMs },
  launch: { key: launchKey, shelfOf: shelfOfLaunch, ttlMs: limits.closedAttemptTtlMs },
} as const;

function shelfOfJob(job: Job): Shelf | undefined {
  if (job.rerunDue) return 'job';
  if (isClosedJob(job.state)) return undefined;
  if (job.state !== 'WANTED') return 'job';
  return job.retryAt === undefined ? 'wanted' : 'later';
}

function shelfOfAttempt(attempt: Attempt): Shelf | undefined {
  if (isClosedAttempt(attempt.state)) return attempt.state === 'GONE' && mayHaveRunner(attempt) ? 'orphan' : undefined;
  if (attempt.runnerMissingSince !== undefined) return 'missing';
  if (attempt.state === 'ENDING' || isSpare(attempt)) return 'spare';
  return attempt.state === 'INTENT' || attempt.state === 'LAUNCHED' ? 'fresh' : 'attempt';
}

function shelfOfLaunch(launch: Launch): Shelf | undefined {
  return isClosedLaunch(launch.state) ? undefined : 'launch';
}

/** Able to take a job, and no job is counted against it. */
export const isSpare = (attempt: Attempt) =>
  isSupply(attempt.state) && attempt.jobId === undefined && attempt.runnerMissingSince === undefined;

/** A spare that a job may count on: EC2 and GitHub show it. */
export const isSound = ({ offlineSince, instanceMissingSince }: Attempt) =>
  offlineSince === undefined && instanceMissingSince === undefined;

/** GitHub removed it after its job, or we did; or it had no instance, and then it never got a JIT config. */
export const mayHaveRunner = (attempt: Attempt) =>
  attempt.instanceId !== undefined && attempt.finishedAt === undefined && attempt.runnerDeletedAt === undefined;

export const recordKey = (kind: RecordKind, id: string) => KINDS[kind].key(id);

/** Prefix of a pool's markers on a shelf. */
export const shelfPrefix = (shelf: Shelf, pool: string) => `${shelf}#${pool}#`;

/** Nobody changes an item or a record: the same one is handed out again. */
const known = new WeakMap<Item, AnyRecord>();

export function fromItem<Kind extends AnyRecord>(item: Item): Kind {
  const before = known.get(item);
  if (before) return before as Kind;
  const { pk, sk, expiresAt, ...record } = item;
  known.set(item, record as unknown as AnyRecord);
  return record as unknown as Kind;
}

/** The writes that turn a record as it was read (`undefined`: not there) into what it shall be, its marker included. */
export function writesOf(kind: RecordKind, before: AnyRecord | undefined, after: AnyRecord, now: number): Write[] {
  const { ttlMs, key } = KINDS[kind];
  const seen = before?.v ?? 0;
  const from = before && markerOf(kind, before);
  const to = markerOf(kind, after);
  const expiry = to ? {} : { expiresAt: Math.ceil((now + ttlMs) / 1000) };
  const writes: Write[] = [
    { kind: 'put', item: { ...after, ...key(after.id), ...expiry, v: seen + 1 }, ifVersion: seen },
  ];
  if (from?.sk === to?.sk) return writes;
  if (from) writes.push({ kind: 'delete', key: from, ifVersion: 1 });
  if (to) writes.push({ kind: 'put', item: { ...to, v: 1 }, ifVersion: 0 });
  return writes;
}

/** Milliseconds since 1970 have 13 digits until the year 2286, so that their text sorts as they do. */
const orderOf = (record: AnyRecord) =>
  'storedAt' in record ? record.storedAt : ((record as Job).retryAt ?? record.createdAt);

/** What stands on a shelf. */
export function recordKind(shelf: Shelf): RecordKind {
  if (shelf === 'wanted' || shelf === 'later' || shelf === 'job') return 'job';
  return shelf === 'launch' ? 'launch' : 'attempt';
}

/** The id of the record behind a marker. */
export const idOfMarker = (marker: Key) => marker.sk.slice(marker.sk.lastIndexOf('#') + 1);

function markerOf(kind: RecordKind, record: AnyRecord): Key | undefined {
  const shelf = KINDS[kind].shelfOf(record as never);
  return shelf && { pk: OPEN, sk: `${shelfPrefix(shelf, record.pool)}${orderOf(record)}#${record.id}` };
}
