/** How a runner is ended: GitHub's word first, then EC2; and what never ends one. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import type { GitHubFailure } from '../ports.ts';
import { DEPLOYMENT, type ReconcileWorld, reconcileWorld } from './reconcile-test-support.ts';

const MINUTE = 60_000;
const BOOT_MINUTES = (aPool().bootDeadlineMs + limits.bootGraceMs) / MINUTE;

/** A job whose runner idles, and that nobody needs any more. */
async function spareWorld(): Promise<ReconcileWorld> {
  const w = await reconcileWorld();
  await w.dispatch(w.event('queued', 1));
  await w.comeUp('1-1');
  await w.dispatch(w.done(1));
  return w;
}

/** One whose runner runs a job. */
async function busyWorld(): Promise<ReconcileWorld> {
  const w = await reconcileWorld();
  await w.dispatch(w.event('queued', 1));
  await w.comeUp('1-1', { busy: true });
  await w.dispatch(w.running(1, '1-1'));
  w.jobs.statusOf = () => 'in_progress';
  w.jobs.runnerOf = () => runnerNameOf(DEPLOYMENT, '1-1');
  return w;
}

describe('DELETE answers', () => {
  test('204: terminated, recorded, nothing left', async () => {
    const w = await spareWorld();
    await w.minutes(4);
    expect(w.alive()).toEqual([]);
    expect(await w.attempt('1-1')).toMatchObject({ state: 'GONE' });
    expect({ open: await w.open(), live: await w.live(), runners: w.github.runners.size }).toEqual({
      open: [],
      live: 0,
      runners: 0,
    });
  });

  test('422: it has a job, and is left alone', async () => {
    const w = await spareWorld();
    w.github.unlisted.add(runnerNameOf(DEPLOYMENT, '1-1'));
    (w.runnerOf('1-1') as { busy: boolean }).busy = true;
    await w.minutes(10);
    expect(await w.stateOf('1-1')).toBe('running');
    expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY' });
  });

  test.each<GitHubFailure>([
    { kind: 'unavailable', detail: '' },
    { kind: 'throttled', detail: '' },
    { kind: 'auth', detail: '' },
    { kind: 'refused', detail: '' },
  ])('$kind: not terminated, however long it lasts; done once GitHub is back', async (failure) => {
    const w = await spareWorld();
    w.github.failure = failure;
    await w.minutes(20);
    expect(await w.stateOf('1-1')).toBe('running');
    expect(await w.attempt('1-1')).toMatchObject({ state: 'ENDING' });
    w.github.failure = undefined;
    await w.minutes(3);
    expect(w.alive()).toEqual([]);
  });
});

describe('404 proves nothing by itself', () => {
  /** Idle past its boot deadline, and GitHub forgot its record while its process listens. */
  async function ghostWorld(): Promise<ReconcileWorld> {
    const w = await reconcileWorld([aPool({ idleTimeoutMs: 3_600_000 })]);
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1');
    await w.reconcile();
    await w.dispatch(w.done(1));
    w.now += aPool().bootDeadlineMs;
    w.removeRunner('1-1');
    return w;
  }

  test('two answers a minute apart: terminated', async () => {
    const w = await ghostWorld();
    await w.reconcile();
    expect(await w.attempt('1-1')).toMatchObject({ state: 'IDLE', runnerMissingSince: w.now });
    await w.minutes(1);
    expect(await w.stateOf('1-1')).toBe('terminated');
    expect(w.alarms()).toEqual(['runner-gone']);
  });

  test('1 ms less than a minute: not', async () => {
    const w = await ghostWorld();
    await w.reconcile();
    w.now += limits.secondLookMs - 1;
    await w.reconcile();
    expect(await w.stateOf('1-1')).toBe('running');
  });

  test('it is there the second time: all begins anew', async () => {
    const w = await ghostWorld();
    await w.reconcile();
    w.github.runners.set(runnerNameOf(DEPLOYMENT, '1-1'), { id: 1, busy: false, online: true, labels: [] });
    await w.minutes(1);
    expect((await w.attempt('1-1'))?.runnerMissingSince).toBeUndefined();
    w.removeRunner('1-1');
    await w.minutes(1);
    expect(await w.stateOf('1-1')).toBe('running');
    await w.minutes(1);
    expect(await w.stateOf('1-1')).toBe('terminated');
  });

  test('a list that leaves it out: its id is asked for, and it stays', async () => {
    const w = await ghostWorld();
    w.github.runners.set(runnerNameOf(DEPLOYMENT, '1-1'), { id: 1, busy: false, online: true, labels: [] });
    w.github.unlisted.add(runnerNameOf(DEPLOYMENT, '1-1'));
    await w.minutes(10);
    expect(await w.stateOf('1-1')).toBe('running');
    expect((await w.attempt('1-1'))?.runnerMissingSince).toBeUndefined();
  });

  test('no answer to the second question: not terminated', async () => {
    const w = await ghostWorld();
    await w.reconcile();
    w.github.failure = { kind: 'unavailable', detail: '' };
    await w.minutes(10);
    expect(await w.stateOf('1-1')).toBe('running');
    w.github.failure = undefined;
    await w.minutes(1);
    expect(await w.stateOf('1-1')).toBe('terminated');
  });

  test('also one that was to be ended is left until its boot deadline', async () => {
    const w = await spareWorld();
    const deadline = w.now + aPool().bootDeadlineMs;
    w.removeRunner('1-1');
    while (w.now + MINUTE < deadline) await w.minutes(1);
    expect(await w.attempt('1-1')).toMatchObject({ state: 'ENDING', runnerMissingSince: expect.any(Number) });
    expect(await w.stateOf('1-1')).toBe('running');
    await w.minutes(2);
    expect(await w.stateOf('1-1')).toBe('terminated');
  });

  test('before the boot deadline nobody asks', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1');
    w.removeRunner('1-1');
    await w.minutes(aPool().bootDeadlineMs / MINUTE - 1);
    expect((await w.attempt('1-1'))?.runnerMissingSince).toBeUndefined();
  });

  test('an unfinished job names the runner: never, until GitHub says that the job is over', async () => {
    const w = await busyWorld();
    w.removeRunner('1-1');
    await w.minutes(15);
    expect(await w.stateOf('1-1')).toBe('running');
    w.jobs.statusOf = () => 'completed';
    await w.minutes(12);
    expect(await w.job(1)).toMatchObject({ state: 'DONE' });
    expect(await w.stateOf('1-1')).toBe('terminated');
  });

  test('a job that waited for the ghost gets another', async () => {
    const w = await reconcileWorld([aPool({ idleTimeoutMs: 3_600_000 })]);
    await w.dispatch(w.event('queued', 1));
    await w.comeUp('1-1');
    w.removeRunner('1-1');
    w.now += aPool().bootDeadlineMs;
    await w.minutes(3);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2', failures: 1 });
    expect((await w.job(1))?.history?.map(({ reason }) => reason)).toContain('runner-ghost');
  });
});

describe('one that never came up', () => {
  test('registered: ended past its boot deadline and the grace, not before', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1));
    await w.minutes(Math.floor(BOOT_MINUTES));
    expect(await w.attempt('1-1')).toMatchObject({ state: 'REGISTERED' });
    await w.minutes(1);
    expect(await w.stateOf('1-1')).toBe('terminated');
    await w.minutes(1);
    expect(await w.job(1)).toMatchObject({ attemptId: '1-2', failures: 1 });
    expect((await w.job(1))?.history?.map(({ reason }) => reason)).toContain('boot-deadline');
  });

  test('without a JIT config: its mailbox is closed first, so that none can come', async () => {
    const w = await reconcileWorld();
    w.github.failure = { kind: 'unavailable', detail: '' };
    await w.dispatch(w.event('queued', 1));
    await w.minutes(Math.ceil(BOOT_MINUTES));
    expect(await w.stateOf('1-1')).toBe('terminated');
    const given = await w.mailbox.give(`AROATEST:${await w.instanceOf('1-1')}`, 'late', w.now, { id: 9, name: 'x' });
    expect(given).toBe('already');
  });

  test('its registration was not recorded, and it runs a job: left alone', async () => {
    const w = await reconcileWorld();
    let writes = 0;
    w.beforeWrite = () => {
      if (++writes > 2) throw new Error('killed');
    };
    await w.dispatch(w.event('queued', 1)).catch(() => {});
    w.beforeWrite = () => {};
    expect(await w.attempt('1-1')).toMatchObject({ state: 'LAUNCHED' });
    await w.comeUp('1-1', { busy: true });
    w.github.unlisted.add(runnerNameOf(DEPLOYMENT, '1-1'));
    w.now += aPool().bootDeadlineMs + limits.bootGraceMs;
    await w.reconcile();
    expect(await w.stateOf('1-1')).toBe('running');
    expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY', runnerId: 1 });
  });
});

describe('a busy runner', () => {
  test('is left alone until its hard lifetime, and then ended whatever it does', async () => {
    const w = await busyWorld();
    const minutes = (aPool().lifetimeMs + limits.lifetimeGraceMs) / MINUTE;
    await w.minutes(minutes - 1);
    expect(await w.stateOf('1-1')).toBe('running');
    await w.minutes(1);
    expect(await w.stateOf('1-1')).toBe('terminated');
    expect(w.alarms()).toEqual(['lifetime-ended']);
  });

  test('is left alone when its record says that it is a spare', async () => {
    const w = await spareWorld();
    await w.comeUp('1-1', { busy: true });
    await w.minutes(10);
    expect(await w.stateOf('1-1')).toBe('running');
    expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY' });
  });

  test("our job is done, and its instance is still there: ended by GitHub's word, not by ours", async () => {
    const w = await busyWorld();
    await w.dispatch(w.done(1, '1-1'));
    await w.minutes(10);
    // GitHub still calls it busy: with the job of somebody else, for all we know.
    expect(await w.stateOf('1-1')).toBe('running');
    w.removeRunner('1-1');
    await w.minutes(3);
    expect(w.alive()).toEqual([]);
  });

  test('and offline is not idle', async () => {
    const w = await busyWorld();
    Object.assign(w.runnerOf('1-1') as object, { online: false });
    await w.minutes(20);
    expect(await w.stateOf('1-1')).toBe('running');
  });
});

test('an idle runner that went offline is ended after a while, and its job gets another', async () => {
  const w = await reconcileWorld([aPool({ idleTimeoutMs: 3_600_000 })]);
  await w.dispatch(w.event('queued', 1));
  await w.comeUp('1-1');
  await w.reconcile();
  Object.assign(w.runnerOf('1-1') as object, { online: false });
  await w.minutes(limits.offlineMs / MINUTE);
  expect(await w.stateOf('1-1')).toBe('running');
  await w.minutes(2);
  expect(await w.stateOf('1-1')).toBe('terminated');
  expect(await w.job(1)).toMatchObject({ attemptId: '1-2' });
});

test('one that comes back idles from then on', async () => {
  const w = await reconcileWorld([aPool({ idleTimeoutMs: 3_600_000 })]);
  await w.dispatch(w.event('queued', 1));
  await w.comeUp('1-1');
  await w.reconcile();
  Object.assign(w.runnerOf('1-1') as object, { online: false });
  await w.minutes(2);
  await w.comeUp('1-1');
  await w.minutes(1);
  expect(await w.attempt('1-1')).toMatchObject({ state: 'IDLE', idleSince: w.now });
  expect((await w.attempt('1-1'))?.offlineSince).toBeUndefined();
});
