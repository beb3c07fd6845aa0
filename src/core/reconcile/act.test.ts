/** What bounds a run, and the conditions under which an action of an outdated decision still holds. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { aPool } from '../pool-test-support.ts';
import type { Attempt } from '../types.ts';
import { act } from './act.ts';
import type { Action } from './actions.ts';
import { checkRunner } from './acts/check-runner.ts';
import { recordSighting } from './acts/record-sighting.ts';
import { reconcileWorld } from './reconcile-test-support.ts';
import { aRunner } from './snapshot-test-support.ts';

const FOREVER = Number.POSITIVE_INFINITY;
const alarms = (count: number): Action[] =>
  Array.from({ length: count }, (_, n) => ({ kind: 'alarm', fault: 'foreign-runner', detail: String(n) }));

describe('a run is bounded', () => {
  test('however much is broken, pools are planned', async () => {
    const w = await reconcileWorld([aPool({ maxRunners: 1 })]);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    const pool = { ...aPool(), maxRunners: 2 };
    w.pools.set('linux', pool);
    const done = await act(w.reconcileDeps('run'), [...alarms(1_000), { kind: 'plan-pool', pool }], FOREVER);
    expect(done).toBe(limits.actionsPerPass + 1);
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('nothing is begun after its time', async () => {
    const w = await reconcileWorld();
    const deps = w.reconcileDeps('run');
    const clock = () => ++w.now;
    const done = await act({ ...deps, clock }, alarms(100), w.now + 3);
    expect(done).toBe(2 * limits.actionsAtOnce);
  });

  test("repairs leave half of the minute's points for registrations", async () => {
    const w = await reconcileWorld([aPool({ maxRunners: 200 })]);
    await w.dispatch(w.event('queued', 1));
    const attempt = (await w.attempt('1-1')) as Attempt;
    const runner = aRunner({ id: 99 });
    w.now += 60_000;
    const calls = w.github.calls;
    const actions = Array.from({ length: 150 }, (): Action => ({ kind: 'delete-runner', attempt, runner }));
    await act(w.reconcileDeps('run'), actions, FOREVER);
    expect(w.github.calls - calls).toBe(limits.pointsPerMinute / 2 / limits.writePoints);
  });
});

describe('what an outdated run would do', () => {
  /** The runner of 1-1 idles past its boot deadline, and is gone at GitHub. */
  async function ghost() {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1');
    await w.dispatch(w.done(1));
    w.removeRunner('1-1');
    w.now += aPool().bootDeadlineMs;
    return w;
  }

  test('two that ask for a runner at once are one look, not two', async () => {
    const w = await ghost();
    const seen = (await w.attempt('1-1')) as Attempt;
    await Promise.all([1, 2].map(() => checkRunner(w.reconcileDeps('run'), seen)));
    w.now += limits.secondLookMs - 1;
    await checkRunner(w.reconcileDeps('late'), seen);
    expect(await w.stateOf('1-1')).toBe('running');
    w.now += 1;
    await checkRunner(w.reconcileDeps('next'), (await w.attempt('1-1')) as Attempt);
    expect(await w.stateOf('1-1')).toBe('terminated');
  });

  test('the runner got a job meanwhile: not ended', async () => {
    const w = await ghost();
    const { reconcile } = w;
    await reconcile.call(w);
    w.now += limits.secondLookMs;
    const suspect = (await w.attempt('1-1')) as Attempt;
    await w.dispatch(w.event('queued', 2), w.running(2, '1-1'));
    w.jobs.statusOf = () => 'in_progress';
    await checkRunner(w.reconcileDeps('run'), suspect);
    expect(await w.stateOf('1-1')).toBe('running');
  });

  test.each<[string, (w: Awaited<ReturnType<typeof reconcileWorld>>) => Promise<unknown>, string]>([
    ['it runs a job by now', (w) => w.dispatch(w.running(1, '1-1')), 'BUSY'],
    ['it is gone by now', async (w) => w.dispatch(w.terminated(await w.instanceOf('1-1'))), 'GONE'],
  ])('a runner was seen online, but %s', async (_, meanwhile, state) => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    const seen = (await w.attempt('1-1')) as Attempt;
    await meanwhile(w);
    await recordSighting(w.reconcileDeps('run'), seen, { kind: 'online', runner: aRunner() });
    expect(await w.attempt('1-1')).toMatchObject({ state });
  });

  test('a runner with another id is not taken for its own', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    const seen = (await w.attempt('1-1')) as Attempt;
    await recordSighting(w.reconcileDeps('run'), seen, { kind: 'online', runner: aRunner({ id: 900 }) });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'REGISTERED', runnerId: 1 });
  });
});
