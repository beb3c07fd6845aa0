import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import type { WebhookDelivery } from '../ports.ts';
import type { Moment } from './mortal-test-support.ts';
import { reconcileWorld } from './reconcile-test-support.ts';
import { planRedeliveries } from './redeliver.ts';
import { ago, NOW } from './snapshot-test-support.ts';
import type { DeliveryWatch, PendingRedelivery } from './watch.ts';

const MINUTE = 60_000;

const delivery = (id: number, statusCode: number, more: Partial<WebhookDelivery> = {}): WebhookDelivery => ({
  id,
  guid: 'g',
  deliveredAt: NOW,
  event: 'workflow_job',
  statusCode,
  ...more,
});

const pending = (more: Partial<PendingRedelivery> = {}): PendingRedelivery => ({
  guid: 'g',
  id: 1,
  deliveredAt: NOW,
  tries: 1,
  triedAt: ago(limits.redeliveryBackoffMs),
  ...more,
});

const watching = (...all: PendingRedelivery[]): DeliveryWatch => ({ upTo: 0, newest: 0, isUp: true, pending: all });

/** The newest first, as GitHub lists them. */
const plan = (watch: DeliveryWatch, ...deliveries: WebhookDelivery[]) => planRedeliveries(watch, { deliveries }, NOW);

describe('what is repeated', () => {
  const DAY = ago(limits.jobAgeMs);
  test.each<[string, WebhookDelivery[], number[]]>([
    ['no answer in time', [delivery(1, 0)], [1]],
    ['a crash', [delivery(1, 500)], [1]],
    ['a gateway', [delivery(1, 502)], [1]],
    ['throttled by API Gateway', [delivery(1, 429)], [1]],
    ['delivered', [delivery(1, 202)], []],
    ['ignored', [delivery(1, 200)], []],
    ['wrongly signed: the answer would be the same', [delivery(1, 401)], []],
    ['malformed', [delivery(1, 400)], []],
    ['too large', [delivery(1, 413)], []],
    ['another event', [delivery(1, 500, { event: 'ping' })], []],
    ['24 h old', [delivery(1, 500, { deliveredAt: DAY })], [1]],
    ['1 ms older', [delivery(1, 500, { deliveredAt: DAY - 1 })], []],
    ['failed twice: the newest, once', [delivery(2, 500), delivery(1, 0)], [2]],
    ['failed, then delivered', [delivery(2, 202), delivery(1, 500)], []],
    ['delivered, then repeated by hand in vain', [delivery(2, 500), delivery(1, 202)], []],
    ['failed, then refused for good', [delivery(2, 401), delivery(1, 500)], []],
    ['refused, then failed: the secret may be right by now', [delivery(2, 500), delivery(1, 401)], [2]],
    ['of two GUIDs, the one that failed', [delivery(2, 500, { guid: 'h' }), delivery(1, 202)], [2]],
  ])('%s', (_, deliveries, due) => {
    expect(plan(watching(), ...deliveries).due.map(({ id }) => id)).toEqual(due);
  });
});

describe('what is repeated again', () => {
  const longAgo = pending({ triedAt: ago(limits.redeliveryDownMs) });
  const notSoLongAgo = pending({ triedAt: ago(limits.redeliveryDownMs - 1) });
  test.each<[string, PendingRedelivery, WebhookDelivery[], { due?: number[]; given?: number[]; left: number }]>([
    ['its time has come', pending(), [], { due: [1], left: 1 }],
    ['1 ms before', pending({ triedAt: ago(limits.redeliveryBackoffMs - 1) }), [], { left: 1 }],
    [
      'it failed again, before its time',
      pending({ triedAt: ago(limits.redeliveryBackoffMs - 1) }),
      [delivery(2, 500)],
      { left: 1 },
    ],
    ['it failed again: the newest delivery is repeated', longAgo, [delivery(2, 500)], { due: [2], left: 1 }],
    ['nothing comes through, 1 ms before', notSoLongAgo, [delivery(2, 500)], { left: 1 }],
    ['a newer one comes through', pending(), [delivery(2, 202, { guid: 'h' })], { due: [1], left: 1 }],
    ['an older failure is read from the backlog', { ...longAgo, id: 5 }, [delivery(2, 500)], { due: [5], left: 1 }],
    ['it was delivered', pending(), [delivery(2, 202)], { left: 0 }],
    ['three times in vain', pending({ tries: 3, triedAt: ago(25 * MINUTE) }), [], { given: [1], left: 0 }],
    ['the third, before its time', pending({ tries: 3, triedAt: ago(25 * MINUTE - 1) }), [], { left: 1 }],
    ['24 h after the first try', pending({ deliveredAt: ago(limits.jobAgeMs) - 1 }), [], { given: [1], left: 0 }],
  ])('%s', (_, one, deliveries, { due = [], given = [], left }) => {
    const planned = plan(watching(one), ...deliveries);
    expect(planned.due.map(({ id }) => id)).toEqual(due);
    expect(planned.given.map(({ id }) => id)).toEqual(given);
    expect(planned.next.pending).toHaveLength(left);
  });

  test.each([
    [true, 1, 1 * MINUTE],
    [true, 2, 5 * MINUTE],
    [false, 1, 10 * MINUTE],
    [false, 2, 30 * MINUTE],
  ])('our webhook works: %s; after %i tries the next one waits %i ms', (isUp, tries, waitMs) => {
    const planAfter = (ms: number) => plan({ ...watching(pending({ tries, triedAt: ago(ms) })), isUp }).due;
    expect(planAfter(waitMs - 1)).toEqual([]);
    expect(planAfter(waitMs)).toMatchObject([{ tries: tries + 1, triedAt: NOW }]);
  });

  test('so many in one run; the rest in the next', () => {
    const all = Array.from({ length: limits.redeliveriesPerPass + 5 }, (_, n) =>
      delivery(n + 1, 500, { guid: `g${n}` }),
    );
    const first = plan(watching(), ...all);
    expect(first.due).toHaveLength(limits.redeliveriesPerPass);
    expect(plan(first.next).due).toHaveLength(5);
  });
});

test('whatever is listed, in whatever parts: at most 3 tries a GUID, and none once it was delivered', () => {
  const guids = fc.constantFrom('a', 'b', 'c');
  const runs = fc.array(fc.array(fc.tuple(guids, fc.constantFrom(0, 202, 401, 500))), { maxLength: 40 });
  fc.assert(
    fc.property(runs, (runs) => {
      const tries = new Map<string, number>();
      const delivered = new Set<string>();
      let watch = watching();
      let id = 0;
      runs.forEach((run, minute) => {
        const deliveries = run.map(([guid, code]) => delivery(++id, code, { guid })).reverse();
        for (const { guid, statusCode } of deliveries) if (statusCode === 202) delivered.add(guid);
        const planned = planRedeliveries(watch, { deliveries }, NOW + minute * MINUTE);
        // GitHub sends the same GUID again only when it is asked to: one that is over does not fail anew.
        for (const { guid } of planned.due) {
          if (!delivered.has(guid)) tries.set(guid, (tries.get(guid) ?? 0) + 1);
          const again = planned.next.pending.find((one) => one.guid === guid);
          expect(again?.tries).toBeLessThanOrEqual(limits.redeliveries);
        }
        const successes = new Set(deliveries.filter(({ statusCode }) => statusCode === 202).map(({ guid }) => guid));
        expect(planned.due.filter(({ guid }) => successes.has(guid))).toEqual([]);
        watch = planned.next;
      });
    }),
  );
});

describe('in a run', () => {
  /** A job that is held keeps the runs awake. */
  async function awake() {
    const w = await reconcileWorld();
    await w.dispatch(w.event('waiting', 99));
    w.jobs.statusOf = () => 'held';
    return w;
  }

  /** Killed before or after the write that stores what is to be repeated. */
  async function killedAtIntent(moment: Moment) {
    const undisturbed = await reconcileWorld();
    undisturbed.deliveries.add(500, 'g', undisturbed.now);
    await undisturbed.reconcile();
    const w = await reconcileWorld();
    w.deliveries.add(500, 'g', w.now);
    w.life.dieAt(undisturbed.life.effects.indexOf('redeliver'), moment);
    await w.reconcile().catch(() => {});
    w.life.revive();
    return w;
  }

  test('the intent is stored before GitHub is asked; whoever can not store it does not ask', async () => {
    const w = await killedAtIntent('before');
    expect(w.deliveries.redelivered).toEqual([]);
    await w.minutes(1);
    expect(w.deliveries.redelivered).toHaveLength(1);
    expect((await w.watch()).deliveries.pending).toMatchObject([{ guid: 'g', tries: 1 }]);
  });

  test('killed after it was stored: counted all the same, and tried again later', async () => {
    const w = await killedAtIntent('after');
    expect(w.deliveries.redelivered).toEqual([]);
    await w.minutes(limits.redeliveryDownMs / MINUTE);
    expect(w.deliveries.redelivered).toHaveLength(1);
    expect((await w.watch()).deliveries.pending).toMatchObject([{ guid: 'g', tries: 2 }]);
  });

  test('one that fails for ever, as all do: at once, after 10 and 30 minutes, and at last an alarm', async () => {
    const w = await reconcileWorld();
    w.deliveries.add(500, 'g', w.now);
    const at: number[] = [];
    const start = w.now;
    for (let minute = 0; minute < 80; minute++) {
      const before = w.deliveries.redelivered.length;
      await w.reconcile();
      if (w.deliveries.redelivered.length > before) {
        at.push((w.now - start) / MINUTE);
        w.deliveries.add(500, 'g', w.now);
      }
      w.now += MINUTE;
    }
    expect(at).toEqual([0, 10, 40]);
    expect(w.alarms()).toEqual(['delivery-given-up']);
  });

  test('what was read is not read again, once no answer can be under way any more', async () => {
    const w = await awake();
    for (let n = 0; n < 250; n++) w.deliveries.add(202, `g${n}`, w.now);
    const calls = async () => {
      const before = w.deliveries.calls;
      await w.reconcile();
      return w.deliveries.calls - before;
    };
    expect(await calls()).toBe(3);
    w.now += limits.deliverySettleMs - 1;
    expect(await calls()).toBe(3);
    w.now += 1;
    expect(await calls()).toBe(3);
    expect(await calls()).toBe(1);
  });

  test('one that is listed below newer ones, because its answer came late, is repeated', async () => {
    const w = await reconcileWorld();
    const late = w.deliveries.add(0, 'late', w.now);
    const listed = w.deliveries.all;
    w.deliveries.all = [];
    w.deliveries.all = [{ ...(listed[0] as WebhookDelivery), id: late + 1, guid: 'next', statusCode: 202 }];
    await w.reconcile();
    w.deliveries.all.push(...listed);
    w.now += 15_000;
    await w.reconcile();
    expect(w.deliveries.redelivered).toEqual([late]);
  });

  test('a list that is longer than one run reads is gone through in several, new failures first', async () => {
    const w = await reconcileWorld();
    w.deliveries.perPage = 2;
    for (let n = 0; n < 30; n++) w.deliveries.add(n % 10 === 0 ? 500 : 202, `g${n}`, w.now);
    await w.reconcile();
    expect(w.deliveries.redelivered).toEqual([1_020]);
    w.deliveries.add(500, 'new', w.now);
    await w.minutes(1);
    expect(w.deliveries.redelivered.sort()).toContain(1_030);
    await w.minutes(3);
    const tried = new Set(w.deliveries.redelivered);
    expect([...tried].sort()).toEqual([1_000, 1_010, 1_020, 1_030]);
    expect((await w.watch()).deliveries).not.toHaveProperty('backlog');
  });

  test('a page that is not answered is read by the next run', async () => {
    const w = await reconcileWorld();
    w.deliveries.perPage = 2;
    for (let n = 0; n < 6; n++) w.deliveries.add(n === 0 ? 500 : 202, `g${n}`, w.now);
    w.deliveries.unavailable.add('1003');
    await w.reconcile();
    expect(w.deliveries.redelivered).toEqual([]);
    w.deliveries.unavailable.clear();
    await w.minutes(1);
    expect(w.deliveries.redelivered).toEqual([1_000]);
  });

  test('GitHub does not answer at all: nothing is written or forgotten', async () => {
    const w = await reconcileWorld();
    w.deliveries.add(500, 'g', w.now);
    w.deliveries.unavailable.add('');
    await w.reconcile();
    expect((await w.watch()).deliveries).toMatchObject({ upTo: 0, pending: [] });
  });

  test('wrongly signed ones are told, and not repeated', async () => {
    const w = await reconcileWorld();
    w.deliveries.add(401, 'g', w.now);
    await w.minutes(3);
    expect(w.deliveries.redelivered).toEqual([]);
    expect(w.alarms()).toEqual(['delivery-refused']);
  });
});
