/** What is lost, left or wrong, and how runs set it right. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import { liveKey } from '../records.ts';
import { recount } from './acts/recount.ts';
import { DEPLOYMENT, reconcileWorld } from './reconcile-test-support.ts';

const MINUTE = 60_000;

describe('the count of a pool', () => {
  const setLive = async (w: Awaited<ReturnType<typeof reconcileWorld>>, live: number) => {
    const [item] = await w.table.read([liveKey('linux')]);
    await w.table.write([
      { kind: 'put', item: { ...liveKey('linux'), v: (item?.v ?? 0) + 1, live }, ifVersion: item?.v ?? 0 },
    ]);
  };

  test.each([0, 1, 50])('%i is set right to what is open', async (wrong) => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    await setLive(w, wrong);
    await w.reconcile();
    expect(await w.live()).toBe(2);
  });

  test('a pool that is full by mistake launches again', async () => {
    const w = await reconcileWorld([aPool({ maxRunners: 2 })]);
    await setLive(w, 2);
    await w.dispatch(w.event('queued', 1));
    expect(await w.job(1)).toMatchObject({ reason: 'pool-full' });
    await w.reconcile();
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING' });
    expect(await w.live()).toBe(1);
  });

  test('a launch between any two steps of it: never too low', async () => {
    const moments = ['read', 'query', 'write'].flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]);
    for (const [step, moment] of moments) {
      const w = await reconcileWorld();
      await w.dispatch(w.event('queued', 1));
      await setLive(w, 7);
      const deps = w.reconcileDeps('run');
      const table = w.deps.table as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      const original = table[step] as (...args: unknown[]) => Promise<unknown>;
      table[step] = async (...args) => {
        table[step] = original;
        const result = moment === 'after' ? await original(...args) : undefined;
        await w.dispatch(w.event('queued', 2), w.event('queued', 3));
        return result ?? original(...args);
      };
      await recount(deps, 'linux', 0);
      expect(w.fleet.instances()).toHaveLength(3);
      expect(await w.live()).toBeGreaterThanOrEqual(3);
      await w.reconcile();
      expect(await w.live()).toBe(3);
    }
  });

  test('an end between any two steps of it: set right by the next run', async () => {
    for (const step of ['read', 'query', 'write'] as const) {
      const w = await reconcileWorld();
      await w.dispatch(w.event('queued', 1), w.event('queued', 2));
      await setLive(w, 7);
      const deps = w.reconcileDeps('run');
      const table = w.deps.table as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      const original = table[step] as (...args: unknown[]) => Promise<unknown>;
      table[step] = async (...args) => {
        table[step] = original;
        w.fleet.instanceEnded(await w.instanceOf('1-1'), 'test');
        await w.dispatch(w.done(1), w.terminated(await w.instanceOf('1-1')));
        return original(...args);
      };
      await recount(deps, 'linux', 0);
      expect(await w.live()).toBeGreaterThanOrEqual(1);
      await w.reconcile();
      expect(await w.live()).toBe(1);
    }
  });

  test('a launch that is over may have launched: its room is free once EC2 shows nothing', async () => {
    const w = await reconcileWorld([aPool({ maxRunners: 1 })], () => 'unknown');
    await w.dispatch(w.event('queued', 1));
    w.fleet.launch = async () => ({ kind: 'over', detail: 'IdempotentParameterMismatch' });
    await w.drain(limits.unansweredLaunchMs);
    expect(await w.attempt('1-1')).toMatchObject({ state: 'FAILED' });
    await w.reconcile();
    // It did launch one.
    expect(await w.live()).toBe(1);
    await w.minutes(3);
    expect(w.alive()).toEqual([]);
    expect(w.alarms()).toEqual(['instance-orphaned']);
    await w.minutes(1);
    expect(await w.attempt('1-2')).toBeDefined();
  });
});

describe('a launch that nobody answers', () => {
  test('is repeated, then given up, and the job gets another', async () => {
    let fault: 'throttled' | 10 = 'throttled';
    const w = await reconcileWorld([aPool()], () => fault);
    await w.dispatch(w.event('queued', 1));
    await w.minutes(limits.launchGiveUpMs / MINUTE - 1);
    expect(await w.launchRecord('mf-test-1-1')).toMatchObject({ state: 'SENT' });
    expect(w.launches.length).toBeGreaterThan(3);
    expect(w.launches.every(({ id }) => id === 'mf-test-1-1')).toBe(true);
    await w.minutes(1);
    fault = 10;
    expect(await w.launchRecord('mf-test-1-1')).toMatchObject({ state: 'OVER' });
    await w.minutes(1);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2' });
    const reasons = (await w.job(1))?.history?.map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['ec2-throttled', 'launch-over']));
    expect(await w.live()).toBe(1);
  });

  test('a wake that was lost: the run plans the pool', async () => {
    const w = await reconcileWorld([aPool({ maxRunners: 1 })]);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    w.now += limits.wakeMs;
    for (const { receiptHandle } of w.queue.receive(10)) w.queue.delete(receiptHandle);
    w.fleet.instanceEnded(await w.instanceOf('1-1'), 'test');
    w.removeRunner('1-1');
    await w.dispatch(w.done(1, '1-1'));
    await w.reconcile();
    w.now += MINUTE;
    await w.reconcile();
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING' });
  });
});

describe('runner records', () => {
  test('of an instance that died: deleted, once GitHub lets it go', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1', { busy: true });
    await w.dispatch(w.running(1, '1-1'));
    w.jobs.statusOf = () => 'in_progress';
    w.fleet.instanceEnded(await w.instanceOf('1-1'), 'Server.InternalError');
    await w.minutes(4);
    expect(await w.attempt('1-1')).toMatchObject({ state: 'GONE' });
    expect(w.runnerOf('1-1')).toBeDefined();
    Object.assign(w.runnerOf('1-1') as object, { busy: false, online: false });
    await w.minutes(6);
    expect(w.runnerOf('1-1')).toBeUndefined();
  });

  test('never of another deployment, of nobody, or of an attempt that the table does not know', async () => {
    const w = await reconcileWorld();
    const others = ['mf-other-1-1', 'mf-test2-1-1', 'build-box', 'mf-test-77-1', '1', '2'];
    for (const name of others) w.github.add(name, { online: false });
    await w.dispatch(w.event('queued', 1));
    await w.minutes(20);
    expect([...w.github.runners.keys()]).toEqual(expect.arrayContaining(others));
  });

  test('the leftovers of a lost reply are deleted, the one in use is not', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1');
    w.github.add(runnerNameOf(DEPLOYMENT, '1-1', 1));
    await w.reconcile();
    expect([...w.github.runners.keys()]).toEqual([runnerNameOf(DEPLOYMENT, '1-1')]);
  });

  test('one that GitHub has forgotten by itself is not asked for again', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    w.github.failure = { kind: 'auth', detail: '' };
    w.fleet.instanceEnded(await w.instanceOf('1-1'), 'test');
    await w.dispatch(w.done(1), w.terminated(await w.instanceOf('1-1')));
    expect(await w.attempt('1-1')).toMatchObject({ state: 'GONE' });
    w.now += limits.runnerForgottenMs + 1;
    await w.reconcile();
    expect((await w.open()).filter((marker) => marker.startsWith('orphan'))).toEqual([]);
  });
});

describe('a runner group that refuses a repository', () => {
  test('two runners idle in vain: nothing more is launched for it, others are served', async () => {
    const w = await reconcileWorld([aPool({ idleTimeoutMs: 20 * MINUTE })]);
    await w.dispatch(w.event('queued', 1));
    for (let minute = 0; minute < 10; minute++) {
      for (const [, runner] of w.github.runners) runner.online = true;
      await w.minutes(1);
    }
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'runner-unmatched' });
    expect(w.fleet.instances()).toHaveLength(2);
    await w.dispatch(w.event('queued', 2), w.event('queued', 3, { repository: 'acme/other' }));
    expect(await w.job(2)).toMatchObject({ state: 'WANTED', reason: 'runner-unmatched' });
    expect(await w.job(3)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('once a runner has a job of it, all of it is launched for', async () => {
    const w = await reconcileWorld([aPool({ idleTimeoutMs: 20 * MINUTE })]);
    await w.dispatch(w.event('queued', 1));
    for (let minute = 0; minute < 10; minute++) {
      for (const [, runner] of w.github.runners) runner.online = true;
      await w.minutes(1);
    }
    await w.dispatch(w.event('queued', 3, { repository: 'acme/other' }));
    await w.dispatch(w.running(2, '3-1'));
    await w.dispatch(w.event('queued', 4));
    expect(await w.job(4)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('GitHub does not say how the job stands: it keeps its runner', async () => {
    const w = await reconcileWorld([aPool({ idleTimeoutMs: 20 * MINUTE })]);
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1');
    w.jobs.statusOf = () => 'unavailable';
    await w.minutes(10);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-1' });
  });
});

describe('spot', () => {
  async function reclaimed(more: Parameters<typeof aPool>[0], conclusion = 'failure') {
    const w = await reconcileWorld([aPool({ market: 'spot', ...more })]);
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1', { busy: true });
    await w.dispatch(w.running(1, '1-1'));
    const instanceId = await w.instanceOf('1-1');
    await w.dispatch({ kind: 'instance', instanceId, change: 'spot-warning' });
    w.fleet.instanceEnded(instanceId, 'Server.SpotInstanceTermination');
    w.removeRunner('1-1');
    await w.dispatch(w.terminated(instanceId), { ...w.done(1, '1-1'), conclusion });
    return w;
  }

  test('a job that failed with its instance is run again, once', async () => {
    const w = await reclaimed({ rerunReclaimed: true });
    await w.minutes(5);
    expect(w.jobs.rerun).toEqual(['1']);
    expect(await w.open()).toEqual([]);
  });

  test('its run is not over yet: again and again, until it is', async () => {
    const w = await reclaimed({ rerunReclaimed: true });
    w.jobs.rerunAnswers.push({ kind: 'not-yet' }, { kind: 'throttled', detail: '' }, { kind: 'not-yet' });
    await w.minutes(8);
    expect(w.jobs.rerun).toEqual(['1', '1', '1', '1']);
  });

  test.each(['auth', 'refused', 'unavailable'] as const)(
    '%s: not asked for again, since it may have been done',
    async (kind) => {
      const w = await reclaimed({ rerunReclaimed: true });
      w.jobs.rerunAnswers.push({ kind, detail: '' });
      await w.minutes(5);
      expect(w.jobs.rerun).toEqual(['1']);
    },
  );

  test.each<[string, Parameters<typeof reclaimed>]>([
    ['the pool does not say so', [{ rerunReclaimed: false }]],
    ['the job was done in time', [{ rerunReclaimed: true }, 'success']],
  ])('not where %s', async (_, parameters) => {
    const w = await reclaimed(...parameters);
    await w.minutes(5);
    expect(w.jobs.rerun).toEqual([]);
    expect(await w.open()).toEqual([]);
  });

  test('nor where EC2 took nothing back', async () => {
    const w = await reconcileWorld([aPool({ rerunReclaimed: true })]);
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.running(1, '1-1'), { ...w.done(1, '1-1'), conclusion: 'failure' });
    await w.minutes(5);
    expect(w.jobs.rerun).toEqual([]);
  });
});

describe('jobs that GitHub has given up', () => {
  test('waited for 24 h: expired, and nothing is launched any more', async () => {
    const w = await reconcileWorld([aPool()], () => 0);
    await w.dispatch(w.event('queued', 1));
    w.now += limits.jobAgeMs + 1;
    await w.reconcile();
    expect(await w.job(1)).toMatchObject({ state: 'EXPIRED', reason: 'expired' });
    expect(await w.open()).toEqual([]);
  });

  test('cancelled while it waited, and nobody told: asked about, and forgotten', async () => {
    const w = await reconcileWorld([aPool()], () => 0);
    await w.dispatch(w.event('queued', 1));
    w.jobs.statusOf = () => 'completed';
    await w.minutes(limits.heldCheckMs / MINUTE);
    expect(await w.job(1)).toMatchObject({ state: 'DONE' });
  });

  test('approved, and nobody told', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('waiting', 1));
    await w.minutes(limits.heldCheckMs / MINUTE);
    await w.minutes(1);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('done, and nobody told: its instance is ended', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.running(1, '1-1'));
    w.fleet.instanceRunning(await w.instanceOf('1-1'));
    w.removeRunner('1-1');
    w.jobs.statusOf = () => 'completed';
    w.jobs.runnerOf = () => runnerNameOf(DEPLOYMENT, '1-1');
    await w.minutes(15);
    expect(await w.job(1)).toMatchObject({ state: 'DONE' });
    expect(w.alive()).toEqual([]);
    expect(await w.open()).toEqual([]);
  });
});

test('a foreign runner that could take our jobs raises an alarm, if that was asked for', async () => {
  const w = await reconcileWorld();
  w.github.add('build-box', { online: true, labels: aPool().labels });
  await w.dispatch(w.event('queued', 1));
  await w.reconcile();
  expect(w.alarms()).toEqual([]);
  w.allowedForeignRunners = [];
  await w.reconcile();
  expect(w.alarms()).toEqual(['foreign-runner']);
});
