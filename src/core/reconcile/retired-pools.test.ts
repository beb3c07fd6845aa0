/** A pool that is removed while something of it is open: all of that ends, and its jobs move on. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { aPool } from '../pool-test-support.ts';
import { type ReconcileWorld, reconcileWorld } from './reconcile-test-support.ts';

const MINUTE = 60_000;

/** Known to the reconciler once, then gone from the configuration. */
async function withoutPool(prepare: (w: ReconcileWorld) => Promise<unknown>): Promise<ReconcileWorld> {
  const w = await reconcileWorld();
  await prepare(w);
  await w.reconcile();
  w.pools.delete('linux');
  return w;
}

async function pass(w: ReconcileWorld, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    w.now += MINUTE;
    await w.reconcile();
    for (const { id, state } of w.fleet.instances()) if (state === 'terminated') await w.dispatch(w.terminated(id));
  }
}

test('its instances end at their deadlines, their runners are deleted, nothing stays open', async () => {
  const w = await withoutPool((one) => one.dispatch(one.event('queued', 1)));
  w.jobs.statusOf = () => 'completed';
  await pass(w, 20);
  expect(w.fleet.instances().map(({ state }) => state)).toEqual(['terminated']);
  expect([...w.github.runners.keys()]).toEqual([]);
  expect((await w.open()).filter((marker) => !marker.startsWith('!'))).toEqual([]);
});

test('its waiting job moves to a pool that takes its labels', async () => {
  const w = await withoutPool((one) => {
    one.fleet.launch = async () => ({ kind: 'no-capacity', detail: '' });
    return one.dispatch(one.event('queued', 1));
  });
  w.pools.set('new', aPool({ name: 'new' }));
  await pass(w, 4);
  expect(await w.job(1)).toMatchObject({ pool: 'new' });
  expect(w.launches.at(-1)).toMatchObject({ pool: 'new' });
});

test('without one, it says so, and nothing is launched', async () => {
  const w = await withoutPool((one) => {
    one.fleet.launch = async () => ({ kind: 'no-capacity', detail: '' });
    return one.dispatch(one.event('queued', 1));
  });
  const launches = w.launches.length;
  await pass(w, 20);
  expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'pool-removed' });
  expect(w.launches).toHaveLength(launches);
  expect(w.jobs.asked.length).toBeLessThanOrEqual(2 + Math.ceil((20 * MINUTE) / limits.slowRetryMs));
});
