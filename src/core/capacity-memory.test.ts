import { describe, expect, test } from 'vitest';
import { availableFleet, noteExhausted } from './capacity-memory.ts';
import { world } from './dispatch/dispatch-test-support.ts';
import { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { aPool } from './pool-test-support.ts';
import { capacityKey } from './records.ts';

const fleet = { ...aPool().fleet, instanceTypes: ['m7i.large', 'm7a.large'], subnetIds: ['a', 'b'] };
const at = (instanceType: string, subnetId: string) => ({ instanceType, subnetId });
const ALL = fleet.instanceTypes.flatMap((type) => fleet.subnetIds.map((subnet) => at(type, subnet)));

function clean(now = 0): Ledger {
  const ledger = new Ledger(now);
  for (const market of ['spot', 'on-demand'] as const) ledger.put(capacityKey(market), undefined);
  return ledger;
}

/** The same notes, later. */
const later = (ledger: Ledger, ms: number) => ledger.stored(ledger.writes(() => 0)).fork(ledger.now + ms);

describe('what EC2 had no capacity for', () => {
  test('is left out, for a while', () => {
    const ledger = clean();
    noteExhausted(ledger, 'spot', [at('m7i.large', 'a')]);
    const without = { kind: 'ok', fleet: { ...fleet, exhausted: [at('m7i.large', 'a')] } };
    expect(availableFleet(ledger, 'spot', fleet)).toEqual(without);
    expect(availableFleet(later(ledger, limits.capacityMemoryMs - 1), 'spot', fleet)).toEqual(without);
    expect(availableFleet(later(ledger, limits.capacityMemoryMs), 'spot', fleet)).toEqual({ kind: 'ok', fleet });
  });

  test.each<[string, Parameters<typeof availableFleet>[1], ReturnType<typeof at>]>([
    ['in another market', 'on-demand', at('m7i.large', 'a')],
    ['of another type', 'spot', at('c7i.large', 'a')],
    ['in another subnet', 'spot', at('m7i.large', 'c')],
  ])('is not left out %s', (_, market, exhausted) => {
    const ledger = clean();
    noteExhausted(ledger, 'spot', [exhausted]);
    expect(availableFleet(ledger, market, fleet)).toEqual({ kind: 'ok', fleet });
  });

  test('nothing is left: not before the first of them may be tried again', () => {
    const ledger = clean();
    noteExhausted(ledger, 'spot', ALL.slice(0, 1));
    const next = later(ledger, 60_000);
    noteExhausted(next, 'spot', ALL.slice(1));
    expect(availableFleet(next, 'spot', fleet)).toEqual({ kind: 'none', until: limits.capacityMemoryMs });
    const after = later(next, limits.capacityMemoryMs - 60_000);
    expect(availableFleet(after, 'spot', fleet)).toMatchObject({ kind: 'ok', fleet: { exhausted: ALL.slice(1) } });
  });

  test('seen again, it is remembered from then on', () => {
    const ledger = clean();
    noteExhausted(ledger, 'spot', ALL.slice(0, 1));
    const next = later(ledger, limits.capacityMemoryMs - 1);
    noteExhausted(next, 'spot', ALL.slice(0, 1));
    expect(availableFleet(later(next, limits.capacityMemoryMs - 1), 'spot', fleet)).toMatchObject({
      fleet: { exhausted: ALL.slice(0, 1) },
    });
  });

  test('what is over is not carried along', () => {
    const ledger = clean();
    noteExhausted(ledger, 'spot', ALL.slice(0, 1));
    const next = later(ledger, limits.capacityMemoryMs);
    noteExhausted(next, 'spot', ALL.slice(1, 2));
    expect(Object.keys(next.note(capacityKey('spot'))?.until as object)).toEqual(['m7i.large/b']);
  });

  test('nothing told, nothing written', () => {
    const ledger = clean();
    noteExhausted(ledger, 'spot', []);
    expect(ledger.writes(() => 0)).toEqual([]);
  });
});

describe('in the world', () => {
  const spot = aPool({ market: 'spot', onDemandFallback: true, fleet });
  const none = (exhausted: typeof ALL) => ({ instances: 0, exhausted });

  test('the next launch leaves it out', async () => {
    const w = await world([spot], (launch) =>
      launch.fleet.exhausted ? 10 : { instances: 1, exhausted: ALL.slice(0, 1) },
    );
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    await w.dispatch(w.event('queued', 3));
    expect(w.launches.at(-1)).toMatchObject({ market: 'spot', fleet: { exhausted: ALL.slice(0, 1) } });
  });

  test('spot that is exhausted everywhere: on demand at once, without asking for spot again', async () => {
    const w = await world([spot], ({ market }) => (market === 'spot' ? none(ALL) : 10));
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.event('queued', 2));
    expect(w.launches.map(({ market }) => market)).toEqual(['spot', 'on-demand', 'on-demand']);
    w.now += limits.capacityMemoryMs;
    await w.dispatch(w.event('queued', 3));
    expect(w.launches.map(({ market }) => market).slice(3)).toEqual(['spot', 'on-demand']);
  });

  test('nothing anywhere: the job waits for its time, and no launch is sent in between', async () => {
    const w = await world([aPool({ fleet })], () => none(ALL));
    await w.dispatch(w.event('queued', 1));
    for (let id = 2; id < 10; id++) await w.dispatch(w.event('queued', id));
    expect(w.launches).toHaveLength(1);
    expect(await w.job(5)).toMatchObject({ state: 'WANTED', reason: 'no-capacity' });
    await w.drain(limits.capacityMemoryMs);
    expect(w.launches).toHaveLength(2);
  });

  test('another pool shares the memory, as it shares the types and subnets', async () => {
    const w = await world([aPool({ fleet }), aPool({ name: 'big', fleet })], () => none(ALL));
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.event('queued', 2, { pool: 'big' }));
    expect(w.launches.map(({ pool }) => pool)).toEqual(['linux']);
  });
});
