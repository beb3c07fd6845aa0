/** One run at a time; and with nothing open next to nothing is done. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { aPool } from '../pool-test-support.ts';
import { type ReconcileWorld, reconcileWorld } from './reconcile-test-support.ts';

const MINUTE = 60_000;

describe('the lease', () => {
  test('two at once: one works', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    const runs = await Promise.all([w.reconcile(), w.reconcile()]);
    expect(runs.map(({ kind }) => kind).sort()).toEqual(['done', 'leased']);
  });

  test('five at once, over and over, with something to repair: it is repaired once', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    w.deliveries.add(500, 'g', w.now);
    for (let round = 0; round < 3; round++) {
      const runs = await Promise.all(Array.from({ length: 5 }, () => w.reconcile()));
      expect(runs.filter(({ kind }) => kind === 'done')).toHaveLength(1);
    }
    expect(w.deliveries.redelivered).toHaveLength(1);
    expect(w.fleet.instances()).toHaveLength(1);
  });

  test.each([
    [limits.leaseMs - 1, 'leased'],
    [limits.leaseMs, 'done'],
  ])('its holder died %i ms ago: %s', async (ms, kind) => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    w.life.dieAt(1, 'after');
    await w.reconcile('dead').catch(() => {});
    w.life.revive();
    expect(await w.watch()).toMatchObject({ holder: 'dead' });
    w.now += ms;
    expect(await w.reconcile()).toMatchObject({ kind });
  });

  test('it is given back at the end', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.reconcile();
    expect(await w.watch()).not.toHaveProperty('holder');
    expect(await w.reconcile()).toMatchObject({ kind: 'done' });
  });

  test('a run that lost it meanwhile asks for nothing more', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    w.deliveries.add(500, 'g', w.now);
    const { list } = w.deliveries;
    w.deliveries.list = async (cursor) => {
      w.deliveries.list = list;
      w.now += limits.leaseMs;
      await w.reconcile('other');
      return list.call(w.deliveries, cursor);
    };
    await w.reconcile('slow');
    expect(w.deliveries.redelivered).toHaveLength(1);
  });
});

describe('nothing is open', () => {
  /** A pass as it is counted: calls to the table, the fleet and GitHub. */
  async function pass(w: ReconcileWorld) {
    const before = { ...w.calls };
    const github = w.githubCalls();
    const { kind } = await w.reconcile();
    const calls = Object.entries(w.calls).flatMap(([name, count]) => {
      const more = count - (before[name] ?? 0);
      return more > 0 ? [[name, more]] : [];
    });
    return { kind, aws: Object.fromEntries(calls), github: w.githubCalls() - github };
  }

  async function quietWorld() {
    const w = await reconcileWorld();
    await w.minutes(limits.quietPasses);
    return w;
  }

  test('after two looks in vain: one query, and one call to GitHub', async () => {
    const w = await quietWorld();
    for (let minute = 0; minute < 6; minute++) {
      w.now += MINUTE;
      expect(await pass(w)).toEqual({ kind: 'idle', aws: { query: 1 }, github: 1 });
    }
  });

  test('a deep pass looks at EC2 and GitHub again', async () => {
    const w = await quietWorld();
    w.now += limits.deepPassMs - 1;
    expect(await pass(w)).toMatchObject({ kind: 'idle' });
    w.now += 1;
    expect(await pass(w)).toMatchObject({ kind: 'done', aws: { instances: 1 } });
    w.now += MINUTE;
    expect(await pass(w)).toMatchObject({ kind: 'idle' });
  });

  test('an instance of ours that is found then keeps it awake until it is gone', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    const launch = { ...(w.launches[0] as (typeof w.launches)[0]), id: 'mf-test-9-9' };
    await w.fleet.launch(launch, w.pools.get('linux') as never);
    await w.dispatch(w.done(1), w.terminated(await w.instanceOf('1-1')));
    w.fleet.instanceEnded(await w.instanceOf('1-1'), 'test');
    expect(await w.open()).toEqual([]);
    expect(w.alive()).toHaveLength(1);
    expect(await pass(w)).toMatchObject({ kind: 'done' });
    w.now += MINUTE;
    expect(await pass(w)).toMatchObject({ kind: 'done' });
    w.now += MINUTE;
    await w.reconcile();
    expect(w.alive()).toEqual([]);
    expect(w.alarms()).toEqual(['instance-orphaned']);
  });

  test('EC2 or GitHub does not answer: that is no look in vain', async () => {
    const w = await reconcileWorld();
    w.isEc2Down = true;
    await w.minutes(5);
    expect((await w.watch()).quietPasses).toBe(0);
    w.isEc2Down = false;
    w.github.failure = { kind: 'unavailable', detail: '' };
    await w.minutes(5);
    expect((await w.watch()).quietPasses).toBe(0);
    w.github.failure = undefined;
    await w.minutes(2);
    expect((await w.watch()).quietPasses).toBe(2);
  });

  test('the next job wakes it', async () => {
    const w = await quietWorld();
    await w.dispatch(w.event('queued', 1));
    w.now += MINUTE;
    expect(await w.reconcile()).toMatchObject({ kind: 'done' });
  });

  test('by turns it looks for jobs that no webhook told of, in repositories with recent jobs: one call each', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.reconcile();
    w.fleet.instanceEnded(await w.instanceOf('1-1'), 'test');
    w.removeRunner('1-1');
    await w.dispatch(w.done(1, '1-1'), w.terminated(await w.instanceOf('1-1')));
    await w.minutes(3);
    w.jobs.searched.length = 0;
    for (let minute = 0; minute < 12; minute++) {
      w.now += MINUTE;
      const { kind, aws, github } = await pass(w);
      if (kind === 'idle') expect([aws.query, github]).toEqual([1, 1]);
    }
    expect(new Set(w.jobs.searched)).toEqual(new Set(['acme/web queued', 'acme/web in_progress']));
    w.jobs.unfinished.set('acme/web queued', [w.jobs.job('2', 'queued')]);
    await w.minutes(12);
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING' });
  });
});

describe('the table does not answer', () => {
  test('at first: failed, and the next run sees to it', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    const { query } = w.deps.table;
    w.deps.table.query = async () => 'unavailable';
    expect(await w.reconcile()).toEqual({ kind: 'failed', actions: 0 });
    w.deps.table.query = query;
    expect(await w.reconcile()).toMatchObject({ kind: 'done' });
  });

  test('in between: the lease is given back, and nothing is done', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    const { read } = w.deps.table;
    w.deps.table.read = async () => 'unavailable';
    expect(await w.reconcile()).toEqual({ kind: 'failed', actions: 0 });
    w.deps.table.read = read;
    expect(await w.watch()).not.toHaveProperty('holder');
    expect(await w.reconcile()).toMatchObject({ kind: 'done' });
  });
});

test('a bug that one action sets off stops no other', async () => {
  const w = await reconcileWorld();
  await w.dispatch(w.event('queued', 1), w.event('queued', 2));
  w.now += aPool().lifetimeMs + limits.lifetimeGraceMs;
  const broken = await w.instanceOf('1-1');
  const { terminate } = w.deps.fleet;
  w.deps.fleet.terminate = async (id) => {
    if (id === broken) throw new Error('a bug');
    return terminate(id);
  };
  expect(await w.reconcile()).toMatchObject({ kind: 'done' });
  expect(w.logged).toContainEqual(expect.objectContaining({ event: 'bug', action: 'terminate' }));
  expect([await w.stateOf('1-1'), await w.stateOf('2-1')]).toEqual(['pending', 'terminated']);
});
