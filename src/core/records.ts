/**
 * Where things lie in the table.
 *
 *   pk                     sk                      what
 *   job#<id>               -                       a job
 *   attempt#<id>           -                       an attempt
 *   launch#<id>            -                       a launch
 *   open                   job#<pool>#<id> ...     marker: the record is open. What the reconciler and a wake list
 *   instance#<id>          -                       -> attempt id
 *   pool#<name>            live                    how many instances it may have (too high for a while, never too low)
 *   pool#<name>            wake                    when the next wake message is due
 *   github#<installation>  points#<minute>         points spent in that minute
 *   github#<installation>  pace                    a smaller budget, after GitHub throttled us
 *   runner#<platform>      -                       the current runner package
 *
 * Closed records expire; open ones do not.
 */
import { isClosedAttempt } from './attempt-machine.ts';
import { isClosedJob } from './job-machine.ts';
import { isClosedLaunch } from './launch-machine.ts';
import { limits } from './limits.ts';
import type { Item, Key, Write } from './ports.ts';
import type { Attempt, Job, Launch, Platform } from './types.ts';

const ALONE = '-';

export const jobKey = (id: string): Key => ({ pk: `job#${id}`, sk: ALONE });
export const attemptKey = (id: string): Key => ({ pk: `attempt#${id}`, sk: ALONE });
export const launchKey = (id: string): Key => ({ pk: `launch#${id}`, sk: ALONE });
export const instanceKey = (id: string): Key => ({ pk: `instance#${id}`, sk: ALONE });
export const liveKey = (pool: string): Key => ({ pk: `pool#${pool}`, sk: 'live' });
export const wakeKey = (pool: string): Key => ({ pk: `pool#${pool}`, sk: 'wake' });
export const pointsKey = (installationId: number, minute: number): Key => ({
  pk: `github#${installationId}`,
  sk: `points#${minute}`,
});
export const paceKey = (installationId: number): Key => ({ pk: `github#${installationId}`, sk: 'pace' });
export const runnerKey = (platform: Platform): Key => ({ pk: `runner#${platform}`, sk: ALONE });
export const keyText = (key: Key) => `${key.pk} ${key.sk}`;

export const OPEN = 'open';
export type RecordKind = 'job' | 'attempt' | 'launch';
export type AnyRecord = Job | Attempt | Launch;

/** How the three kinds of record are stored. */
const KINDS = {
  job: { key: jobKey, isClosed: (one: Job) => isClosedJob(one.state), ttlMs: limits.closedJobTtlMs },
  attempt: {
    key: attemptKey,
    isClosed: (one: Attempt) => isClosedAttempt(one.state),
    ttlMs: limits.closedAttemptTtlMs,
  },
  launch: { key: launchKey, isClosed: (one: Launch) => isClosedLaunch(one.state), ttlMs: limits.closedAttemptTtlMs },
} as const;

export const recordKey = (kind: RecordKind, id: string) => KINDS[kind].key(id);

/** Prefix of the markers of a pool's open records of a kind. */
export const openPrefix = (kind: RecordKind, pool: string) => `${kind}#${pool}#`;

/** The id in a marker's sort key. */
export const idOfMarker = (marker: Item, kind: RecordKind, pool: string) =>
  marker.sk.slice(openPrefix(kind, pool).length);

export function fromItem<Record extends AnyRecord>(item: Item): Record {
  const { pk, sk, expiresAt, ...record } = item;
  return record as unknown as Record;
}

/** The writes that turn a record as it was read (`v: 0`, or nothing) into what it shall be, its open marker included. */
export function writesOf(kind: RecordKind, before: AnyRecord | undefined, after: AnyRecord, now: number): Write[] {
  const { isClosed, ttlMs, key } = KINDS[kind];
  const isOpen = (record: AnyRecord | undefined) => record !== undefined && !isClosed(record as never);
  const seen = before?.v ?? 0;
  const expiry = isOpen(after) ? {} : { expiresAt: Math.ceil((now + ttlMs) / 1000) };
  const put: Write = { kind: 'put', item: { ...after, ...key(after.id), ...expiry, v: seen + 1 }, ifVersion: seen };
  if (isOpen(before) === isOpen(after)) return [put];
  const marker: Key = { pk: OPEN, sk: `${openPrefix(kind, after.pool)}${after.id}` };
  return isOpen(after)
    ? [put, { kind: 'put', item: { ...marker, v: 1 }, ifVersion: 0 }]
    : [put, { kind: 'delete', key: marker, ifVersion: 1 }];
}
