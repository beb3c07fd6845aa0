import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import type { GitHubJob } from '../ports.ts';
import { DEPLOYMENT, reconcileWorld } from './reconcile-test-support.ts';
import { ago, NOW } from './snapshot-test-support.ts';
import { dueSweeps, noteRepositories, noteSweeps } from './sweep.ts';
import { type RepositoryWatch, readWatch, type Watch } from './watch.ts';

const DUE = ago(limits.sweepMs);
const repository = (name: string, more: Partial<RepositoryWatch> = {}): RepositoryWatch => ({
  name,
  queuedAt: NOW,
  inProgressAt: NOW,
  ...more,
});
const watching = (...repositories: RepositoryWatch[]): Watch => ({ ...readWatch(undefined), repositories });

describe('which searches are due', () => {
  test.each<[string, RepositoryWatch[], string[]]>([
    ['none was searched for so long', [repository('a/a', { queuedAt: DUE })], ['a/a queued']],
    ['1 ms less', [repository('a/a', { queuedAt: DUE + 1 })], []],
    ['runs in progress have waiting jobs too', [repository('a/a', { inProgressAt: DUE })], ['a/a in_progress']],
    [
      'the longest ago first, whichever repository',
      [repository('a/a', { queuedAt: DUE - 1, inProgressAt: DUE }), repository('b/b', { queuedAt: 0 })],
      ['b/b queued', 'a/a queued', 'a/a in_progress'],
    ],
    ['nothing known', [], []],
  ])('%s', (_, repositories, due) => {
    const sweeps = dueSweeps(watching(...repositories), NOW);
    expect(sweeps.map(({ repository, runs }) => `${repository} ${runs}`)).toEqual(due);
  });

  test('every repository has its turn', () => {
    let watch = watching(
      ...Array.from({ length: 10 }, (_, n) => repository(`a/${n}`, { queuedAt: 0, inProgressAt: 0 })),
    );
    const seen = new Set<string>();
    for (let run = 0; run < 20; run++) {
      const [due] = dueSweeps(watch, NOW);
      if (due) watch = noteSweeps(watch, due, NOW);
      seen.add(`${due?.repository} ${due?.runs}`);
    }
    expect(seen.size).toBe(20);
    expect(dueSweeps(watch, NOW)).toEqual([]);
  });
});

describe('which repositories are remembered', () => {
  const recent = (name: string, agoMs: number) => ({ name, at: ago(agoMs), v: 1 });

  test('those with jobs now, the latest first, and no more than so many', () => {
    const many = Array.from({ length: limits.recentRepositories + 5 }, (_, n) => recent(`a/${n}`, n + 1));
    const known = watching(repository('a/0'), repository('a/gone'));
    const { repositories } = noteRepositories(known, [...many, recent('b/new', 0)], NOW);
    expect(repositories).toHaveLength(limits.recentRepositories);
    expect(repositories.slice(0, 2)).toEqual([{ name: 'b/new', queuedAt: 0, inProgressAt: 0 }, repository('a/0')]);
  });

  test.each([
    [limits.recentRepositoryMs, 1],
    [limits.recentRepositoryMs + 1, 0],
  ])('a last job %i ms ago: %i', (ms, count) => {
    expect(noteRepositories(watching(), [recent('a/a', ms)], NOW).repositories).toHaveLength(count);
  });
});

describe('what is found goes into the queue, as if its webhook had come', () => {
  async function swept(found: Partial<GitHubJob>, runs: 'queued' | 'in_progress' = 'queued', pools = [aPool()]) {
    const w = await reconcileWorld(pools);
    await w.dispatch(w.event('queued', 1));
    const job = w.jobs.job('2', 'queued', found);
    w.jobs.unfinished.set(`acme/web ${runs}`, [job]);
    // One search a run; then GitHub is asked about what is found late.
    await w.minutes(2);
    await w.drain(limits.nextPassMs);
    return w;
  }

  test('a job whose webhook never came is launched for', async () => {
    const w = await swept({});
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING', attemptId: '2-1' });
    expect(w.fleet.instances()).toHaveLength(2);
  });

  test('also when its run is in progress already', async () => {
    const w = await swept({}, 'in_progress');
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('a job that took our runner unseen: a swap', async () => {
    const w = await swept({ status: 'in_progress', runnerName: runnerNameOf(DEPLOYMENT, '1-1') }, 'in_progress');
    expect(await w.job(2)).toMatchObject({ state: 'RUNNING', attemptId: '1-1' });
  });

  test.each<[string, Partial<GitHubJob>, ReturnType<typeof aPool>[]]>([
    ['held', { status: 'held' }, [aPool()]],
    ['over', { status: 'completed' }, [aPool()]],
    ['of labels that no pool has', { labels: ['gpu'] }, [aPool()]],
    ['without labels', { labels: [] }, [aPool()]],
    ['of a repository that the pool does not allow', {}, [aPool({ allowedRepositories: ['acme/other'] })]],
  ])('not one that is %s', async (_, found, pools) => {
    const w = await swept(found, 'queued', pools);
    expect(await w.job(2)).toBeUndefined();
  });

  test('one that is known is not sent again', async () => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    w.jobs.unfinished.set('acme/web queued', [w.jobs.job('2', 'queued')]);
    await w.minutes(8);
    expect(w.logged.filter(({ event, job }) => event === 'found' && job !== undefined)).toEqual([]);
  });

  test.each<['queued' | 'in_progress', string]>([
    ['queued', 'LAUNCHING'],
    ['in_progress', 'RUNNING'],
  ])('one that we believe held is sent when it is %s', async (status, state) => {
    const w = await reconcileWorld();
    await w.dispatch(w.event('waiting', 2));
    w.jobs.unfinished.set('acme/web queued', [w.jobs.job('2', status)]);
    await w.minutes(1);
    await w.drain();
    expect(await w.job(2)).toMatchObject({ state });
  });
});
