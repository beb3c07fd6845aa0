/**
 * Webhooks that failed are asked for again. GitHub never does so by itself, and lists what it tried for three days.
 *
 * In pages of a hundred, a few a run; more are gone through in several.
 *
 *   list, the newest first, down to the last delivery that was seen -> group by GUID -> a success ends it
 *   intent (counted) is stored -> redeliver: at once, then after 1 and 5 minutes; at most 3 times. While the newest
 *   delivery shows that our webhook does not work: after 10 and 30 minutes
 *
 * A failure in the backlog whose success was seen by an earlier run is repeated once in vain: that harms nothing.
 *
 * What we refused as wrongly signed or malformed is not repeated: every minute would repeat our own fault.
 */
import { limits } from '../limits.ts';
import type { WebhookDelivery } from '../ports.ts';
import { raiseAlarm } from './alarm.ts';
import type { ReconcileDeps } from './deps.ts';
import { type DeliveryWatch, type PendingRedelivery, type Watch, writeWatch } from './watch.ts';

/** Returns the watch as it was stored; unchanged when there was nothing to store, `undefined` when it could not be. */
export async function redeliver(
  deps: ReconcileDeps,
  watch: Watch,
  mostPages: number,
  untilMs: number,
): Promise<Watch | undefined> {
  const listed = await listNew(deps, watch.deliveries, mostPages, untilMs);
  if (!listed) return watch;
  const { due, given, next } = planRedeliveries(watch.deliveries, listed, deps.clock());
  for (const { guid, tries } of given) raiseAlarm(deps.log, 'delivery-given-up', { guid, tries });
  for (const { guid, statusCode } of refusedOf(listed.deliveries, watch.deliveries.newest))
    raiseAlarm(deps.log, 'delivery-refused', { guid, statusCode });
  const isNews =
    due.length > 0 ||
    given.length > 0 ||
    next.upTo !== watch.deliveries.upTo ||
    next.backlog !== watch.deliveries.backlog;
  if (!isNews) return watch;
  const stored = await writeWatch(deps.table, { ...watch, deliveries: next });
  if (!stored) return undefined;
  await Promise.all(due.map((one) => repeat(deps, one)));
  return stored;
}

async function repeat(deps: ReconcileDeps, { id, guid, tries }: PendingRedelivery): Promise<void> {
  const outcome = await deps.deliveries.redeliver(id);
  deps.log({ event: 'redeliver', guid, delivery: id, try: tries, outcome: outcome.kind });
}

export interface Listed {
  readonly deliveries: readonly WebhookDelivery[];
  /** Where reading stopped short. */
  readonly backlog?: DeliveryWatch['backlog'];
}

/** New ones first; when they are through, older ones that were left before. */
async function listNew(
  deps: ReconcileDeps,
  { upTo, backlog }: DeliveryWatch,
  mostPages: number,
  untilMs: number,
): Promise<Listed | undefined> {
  const deliveries: WebhookDelivery[] = [];
  let target = upTo;
  let cursor: string | undefined;
  let left = backlog;
  for (let page = 0; page < mostPages && deps.clock() < untilMs; page++) {
    const listed = await deps.deliveries.list(cursor);
    if (listed.kind === 'refused') return { deliveries };
    if (listed.kind !== 'ok') return page === 0 ? undefined : { deliveries, backlog: left };
    deliveries.push(...listed.deliveries.filter(({ id }) => id > target));
    const isThrough = listed.next === undefined || listed.deliveries.some(({ id }) => id <= target);
    if (!isThrough) {
      cursor = listed.next as string;
      left = { cursor, downTo: Math.min(target, left?.downTo ?? target) };
    } else if (left && left.downTo < target) {
      // The new ones are through: go on with the old.
      cursor = left.cursor;
      target = left.downTo;
    } else {
      return { deliveries };
    }
  }
  return { deliveries, backlog: left };
}

export interface Redeliveries {
  readonly due: readonly PendingRedelivery[];
  /** Tried often enough. */
  readonly given: readonly PendingRedelivery[];
  readonly next: DeliveryWatch;
}

/** Pure. `due` carry the counts of after they were tried. */
export function planRedeliveries(watch: DeliveryWatch, { deliveries, backlog }: Listed, now: number): Redeliveries {
  const pending = new Map(watch.pending.map((one) => [one.guid, one]));
  const isDone = new Set(deliveries.filter(isLastWord(deliveries)).map(({ guid }) => guid));
  for (const guid of isDone) pending.delete(guid);
  for (const delivery of deliveries)
    if (!isDone.has(delivery.guid) && isWorthRepeating(delivery, now) && delivery.id > seenOf(pending, delivery))
      pending.set(delivery.guid, noteFailure(pending.get(delivery.guid), delivery));
  const isOld = ({ deliveredAt }: PendingRedelivery) => now - deliveredAt > limits.jobAgeMs;
  const newest = deliveries.reduce((a, b) => (b.id > a.id ? b : a), {
    id: watch.newest,
    statusCode: watch.isUp ? 200 : 0,
  });
  const isUp = newest.statusCode > 0 && newest.statusCode < 500;
  const waiting = [...pending.values()].filter((one) => isDue(one, isUp, now));
  const given = waiting.filter((one) => one.tries >= limits.redeliveries || isOld(one));
  const due = waiting
    .filter((one) => !given.includes(one))
    .slice(0, limits.redeliveriesPerPass)
    .map((one) => ({ ...one, tries: one.tries + 1, triedAt: now }));
  for (const { guid } of given) pending.delete(guid);
  for (const one of due) pending.set(one.guid, one);
  const isSettled = ({ deliveredAt }: WebhookDelivery) => now - deliveredAt >= limits.deliverySettleMs;
  const upTo = Math.max(watch.upTo, ...deliveries.filter(isSettled).map(({ id }) => id));
  // The oldest first: what is too much now is read again when there is room for it.
  const all = [...pending.values()].sort((a, b) => a.id - b.id);
  const left = all.slice(limits.pendingDeliveries).map(({ id }) => id - 1);
  const kept = all.slice(0, limits.pendingDeliveries);
  return { due, given, next: { upTo: Math.min(upTo, ...left), newest: newest.id, isUp, backlog, pending: kept } };
}

/** While our webhook does not work, the few tries are not spent at once. */
function isDue({ tries, triedAt }: PendingRedelivery, isUp: boolean, now: number): boolean {
  if (tries === 0) return true;
  const soonMs = limits.redeliveryBackoffMs * 5 ** (tries - 1);
  const lateMs = tries === 1 ? limits.redeliveryDownMs : limits.redeliveryLongDownMs;
  return now - triedAt >= (isUp || tries >= limits.redeliveries ? soonMs : lateMs);
}

const seenOf = (pending: ReadonlyMap<string, PendingRedelivery>, { guid }: WebhookDelivery) =>
  pending.get(guid)?.id ?? 0;

const noteFailure = (
  before: PendingRedelivery | undefined,
  { guid, id, deliveredAt }: WebhookDelivery,
): PendingRedelivery => ({
  guid,
  id,
  deliveredAt: before?.deliveredAt ?? deliveredAt,
  tries: before?.tries ?? 0,
  triedAt: before?.triedAt ?? 0,
});

/** A success; or the newest try got an answer that will be the same next time. */
function isLastWord(deliveries: readonly WebhookDelivery[]): (delivery: WebhookDelivery) => boolean {
  const newest = new Map([...deliveries].reverse().map((delivery) => [delivery.guid, delivery.id]));
  return (delivery) =>
    isSuccess(delivery) || (FINAL.has(delivery.statusCode) && newest.get(delivery.guid) === delivery.id);
}

const isSuccess = ({ statusCode }: WebhookDelivery) => statusCode >= 200 && statusCode < 300;

/** Answers that will be the same next time: wrong signature, malformed, too large. */
const FINAL = new Set([400, 401, 413]);

const isOurs = ({ event }: WebhookDelivery) => event === 'workflow_job';

const isWorthRepeating = (delivery: WebhookDelivery, now: number) =>
  isOurs(delivery) && !FINAL.has(delivery.statusCode) && now - delivery.deliveredAt <= limits.jobAgeMs;

/** One alarm a run, and none for what was seen before. */
const refusedOf = (deliveries: readonly WebhookDelivery[], newest: number) =>
  deliveries.filter((one) => one.id > newest && isOurs(one) && FINAL.has(one.statusCode)).slice(0, 1);
