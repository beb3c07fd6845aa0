/** What the ports to GitHub do, whatever answers them, together with what happens at GitHub meanwhile. */
import { describe, expect, test } from 'vitest';
import type { Deliveries, GitHub, GitHubJobs, JitRequest } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';

export interface GitHubUnderTest {
  readonly github: GitHub;
  readonly jobs: GitHubJobs;
  readonly deliveries: Deliveries;
  readonly at: GitHubWorld;
}

/** What others do at GitHub: the organisation `octo-org`, its private repository `closed` and its public one `open`. */
export interface GitHubWorld {
  readonly installationId: number;
  readonly now: number;
  pass(ms: number): void;
  /** Starts a run; a key may follow another: `b after a`. Gives the ids of the jobs that are queued at once. */
  start(repository: string, ...keys: readonly string[]): readonly string[];
  /** The id of the latest job of that key. */
  jobId(key: string): string;
  cancelRuns(): void;
  /** The job stays queued, although its run is over: as when a run fails before it starts. */
  strand(jobId: string): void;
  /** Lets a registered runner connect. */
  connect(name: string): void;
  /** The runner takes the job that it was given. */
  take(name: string): void;
  /** The runner runs its job to the end. */
  work(name: string, exitCode: number): void;
  /** What the App may do from now on. */
  withPermissions(permissions: Readonly<Record<string, 'read' | 'write'>>): void;
  /** Lets the installation make only so many points a minute. */
  limitPoints(pointsPerMinute: number): void;
  /** Does it, and delivers what GitHub has to say about it; the webhook answers with that status. */
  delivering(statusCode: number, action: () => unknown): Promise<void>;
}

const organization: Scope = { kind: 'organization', organization: 'octo-org' };
const repository: Scope = { kind: 'repository', repository: 'octo-org/closed' };
const labels = ['self-hosted', 'linux'];

const jit = ({ at }: GitHubUnderTest, name: string, more: Partial<JitRequest> = {}): JitRequest => ({
  installationId: at.installationId,
  scope: organization,
  name,
  runnerGroupId: 1,
  labels,
  ...more,
});

/** Registers a runner and gives its id. */
async function register(under: GitHubUnderTest, name: string, scope: Scope = organization): Promise<number> {
  const outcome = await under.github.createJitConfig(jit(under, name, { scope }));
  if (outcome.kind !== 'ok') throw new Error(`${name}: ${outcome.kind}`);
  return outcome.runnerId;
}

type Make = () => Promise<GitHubUnderTest>;

export function describeGitHub(name: string, make: Make): void {
  describeRunners(name, make);
  describeJobs(name, make);
  describeReruns(name, make);
  describeDeliveries(name, make);
  describeRefusals(name, make);
}

function describeRunners(name: string, make: Make): void {
  describe(`${name}: runners`, () => {
    test.each([organization, repository])('registered, seen, deleted, gone: $kind', async (scope) => {
      const under = await make();
      const { github, at } = under;
      const id = await register(under, 'r', scope);
      const runner = { id, name: 'r', online: false, busy: false, labels };
      const where = [at.installationId, scope] as const;
      expect(await github.getRunner(...where, id)).toEqual({ kind: 'ok', runner });
      expect(await github.findRunner(...where, 'r')).toEqual({ kind: 'ok', runner });
      expect(await github.listRunners(...where)).toEqual({ kind: 'ok', runners: [runner], pages: 1 });
      expect(await github.createJitConfig(jit(under, 'r', { scope }))).toEqual({ kind: 'name-taken' });
      expect(await github.deleteRunner(...where, id)).toEqual({ kind: 'deleted' });
      expect(await github.deleteRunner(...where, id)).toEqual({ kind: 'gone' });
      expect(await github.getRunner(...where, id)).toEqual({ kind: 'gone' });
      expect(await github.findRunner(...where, 'r')).toEqual({ kind: 'gone' });
      expect(await github.listRunners(...where)).toEqual({ kind: 'ok', runners: [], pages: 1 });
    });

    test('one that connects is online, and busy while it has a job: then it can not be deleted', async () => {
      const under = await make();
      const { github, at } = under;
      const id = await register(under, 'r');
      at.connect('r');
      expect(await github.getRunner(at.installationId, organization, id)).toMatchObject({
        runner: { online: true, busy: false },
      });
      at.start('octo-org/closed', 'a');
      at.take('r');
      expect(await github.getRunner(at.installationId, organization, id)).toMatchObject({ runner: { busy: true } });
      expect(await github.deleteRunner(at.installationId, organization, id)).toEqual({ kind: 'busy' });
      at.work('r', 0);
      expect(await github.getRunner(at.installationId, organization, id)).toEqual({ kind: 'gone' });
    });

    test('a name is found in its own spelling, and at its own level', async () => {
      const under = await make();
      const { github, at } = under;
      const id = await register(under, 'r', repository);
      expect(await github.findRunner(at.installationId, repository, 'R')).toEqual({ kind: 'gone' });
      expect(await github.findRunner(at.installationId, organization, 'r')).toEqual({ kind: 'gone' });
      expect(await github.getRunner(at.installationId, organization, id)).toEqual({ kind: 'gone' });
    });

    test('250 of them come in three pages, each once', async () => {
      const under = await make();
      under.at.limitPoints(10_000);
      const names = Array.from({ length: 250 }, (_, n) => `r${n}`);
      for (const one of names) await register(under, one);
      const listed = await under.github.listRunners(under.at.installationId, organization);
      if (listed.kind !== 'ok') throw new Error(listed.kind);
      expect([listed.pages, listed.runners.map((runner) => runner.name).sort()]).toEqual([3, names.sort()]);
    });
  });
}

function describeJobs(name: string, make: Make): void {
  describe(`${name}: jobs`, () => {
    test('from queued to completed', async () => {
      const under = await make();
      const { jobs, at } = under;
      const [id = ''] = at.start('octo-org/closed', 'a', 'b after a');
      const find = () => jobs.findJob(at.installationId, 'octo-org/closed', id);
      const createdAt = Math.floor(at.now / 1_000) * 1_000;
      const job = { id, status: 'queued', name: 'job a', labels, createdAt };
      expect(await find()).toEqual({ kind: 'ok', job });
      await register(under, 'r');
      at.connect('r');
      at.take('r');
      expect(await find()).toEqual({ kind: 'ok', job: { ...job, status: 'in_progress', runnerName: 'r' } });
      at.work('r', 1);
      expect(await find()).toEqual({
        kind: 'ok',
        job: { ...job, status: 'completed', conclusion: 'failure', runnerName: 'r' },
      });
    });

    test('one that no runner took before it was cancelled has none', async () => {
      const { jobs, at } = await make();
      const [id = ''] = at.start('octo-org/closed', 'a');
      at.cancelRuns();
      const found = await jobs.findJob(at.installationId, 'octo-org/closed', id);
      expect(found).toMatchObject({ job: { status: 'completed', conclusion: 'cancelled' } });
      expect(found.kind === 'ok' && found.job.runnerName).toBeUndefined();
    });

    test('a queued job of a run that is over is completed', async () => {
      const { jobs, at } = await make();
      const [id = ''] = at.start('octo-org/closed', 'a');
      at.cancelRuns();
      at.strand(id);
      expect(await jobs.findJob(at.installationId, 'octo-org/closed', id)).toMatchObject({
        job: { status: 'completed', conclusion: 'cancelled' },
      });
    });

    test.each([
      ['another repository', 'octo-org/open'],
      ['no repository', 'octo-org/none'],
    ])('looked for in %s it is gone', async (_, where) => {
      const { jobs, at } = await make();
      const [id = ''] = at.start('octo-org/closed', 'a');
      expect(await jobs.findJob(at.installationId, where, id)).toEqual({ kind: 'gone' });
      expect(await jobs.findJob(at.installationId, 'octo-org/closed', '1')).toEqual({ kind: 'gone' });
    });

    test('jobs of runs by their status, the newest run first', async () => {
      const under = await make();
      const { jobs, at } = under;
      const [first = ''] = at.start('octo-org/closed', 'a', 'b');
      at.start('octo-org/open', 'x');
      at.start('octo-org/closed', 'c');
      const list = async (where: string, status: 'queued' | 'in_progress') => {
        const found = await jobs.unfinishedJobs(at.installationId, where, status);
        if (found.kind !== 'ok') throw new Error(found.kind);
        return [found.jobs.map((job) => `${job.name} ${job.status}`), found.private, found.calls];
      };
      expect(await list('octo-org/closed', 'queued')).toEqual([
        ['job c queued', 'job a queued', 'job b queued'],
        true,
        3,
      ]);
      await register(under, 'r');
      at.connect('r');
      at.take('r');
      expect(await list('octo-org/closed', 'in_progress')).toEqual([['job a in_progress', 'job b queued'], true, 2]);
      expect(await list('octo-org/closed', 'queued')).toEqual([['job c queued'], true, 2]);
      expect(await list('octo-org/open', 'queued')).toEqual([['job x queued'], false, 2]);
      expect(await list('octo-org/none', 'queued')).toEqual([[], false, 1]);
      expect(await jobs.findJob(at.installationId, 'octo-org/closed', first)).toMatchObject({ kind: 'ok' });
    });

    test('at most the ten newest runs', async () => {
      const { jobs, at } = await make();
      for (let n = 1; n <= 12; n += 1) at.start('octo-org/closed', `j${n}`);
      const found = await jobs.unfinishedJobs(at.installationId, 'octo-org/closed', 'queued');
      expect(found).toMatchObject({ calls: 11, jobs: { length: 10, 0: { name: 'job j12' }, 9: { name: 'job j3' } } });
    });
  });
}

function describeReruns(name: string, make: Make): void {
  describe(`${name}: re-runs`, () => {
    test('a job is run again as a new one, once its run is over', async () => {
      const under = await make();
      const { jobs, at } = under;
      const [id = '', other = ''] = at.start('octo-org/closed', 'a', 'b');
      const rerun = (job: string) => jobs.rerunJob(at.installationId, 'octo-org/closed', job);
      for (const runner of ['r1', 'r2', 'r3']) await register(under, runner);
      at.connect('r1');
      at.take('r1');
      at.work('r1', 1);
      expect(await rerun(id)).toEqual({ kind: 'not-yet' });
      at.connect('r2');
      at.take('r2');
      at.work('r2', 0);
      expect(await rerun(id)).toEqual({ kind: 'ok' });
      const again = at.jobId('a');
      expect(again).not.toBe(id);
      expect(await rerun(id)).toEqual({ kind: 'not-yet' });
      const find = (job: string) => jobs.findJob(at.installationId, 'octo-org/closed', job);
      expect(await find(id)).toMatchObject({ job: { status: 'completed', conclusion: 'failure' } });
      expect(await find(again)).toMatchObject({ job: { status: 'queued', name: 'job a', labels } });
      expect(at.jobId('b')).toBe(other);
      const list = await jobs.unfinishedJobs(at.installationId, 'octo-org/closed', 'in_progress');
      expect(list).toMatchObject({ jobs: [{ id: again }, { id: other }] });
      at.connect('r3');
      at.take('r3');
      at.work('r3', 0);
      expect(await find(again)).toMatchObject({ job: { status: 'completed', conclusion: 'success' } });
    });

    test('a job that is not there, or not in that repository, is refused', async () => {
      const { jobs, at } = await make();
      const [id = ''] = at.start('octo-org/closed', 'a');
      expect(await jobs.rerunJob(at.installationId, 'octo-org/closed', '1')).toMatchObject({ kind: 'refused' });
      expect(await jobs.rerunJob(at.installationId, 'octo-org/open', id)).toMatchObject({ kind: 'refused' });
    });
  });
}

function describeDeliveries(name: string, make: Make): void {
  describe(`${name}: deliveries`, () => {
    test('each try with its answer, the newest first; a redelivery is another with the same GUID', async () => {
      const { deliveries, at } = await make();
      await at.delivering(202, () => at.start('octo-org/closed', 'a'));
      await at.delivering(500, () => at.cancelRuns());
      const listed = await deliveries.list();
      if (listed.kind !== 'ok') throw new Error(listed.kind);
      const deliveredAt = Math.floor(at.now / 1_000) * 1_000;
      const same = { event: 'workflow_job', deliveredAt, guid: expect.stringMatching(/^[0-9a-f-]{36}$/) };
      expect(listed.deliveries).toMatchObject([
        { ...same, statusCode: 500 },
        { ...same, statusCode: 202 },
      ]);
      expect(listed.next).toBeUndefined();
      const [failed] = listed.deliveries;
      if (!failed) throw new Error('nothing was delivered');
      let outcome: unknown;
      await at.delivering(202, async () => {
        outcome = await deliveries.redeliver(failed.id);
      });
      expect(outcome).toEqual({ kind: 'ok' });
      const after = await deliveries.list();
      if (after.kind !== 'ok') throw new Error(after.kind);
      expect(after.deliveries.map(({ guid, statusCode }) => [guid, statusCode]).slice(0, 2)).toEqual([
        [failed.guid, 202],
        [failed.guid, 500],
      ]);
      expect(new Set(after.deliveries.map(({ id }) => id)).size).toBe(3);
    });

    test('120 of them come in two pages', async () => {
      const { deliveries, at } = await make();
      await at.delivering(202, () => at.start('octo-org/closed', ...Array.from({ length: 120 }, (_, n) => `j${n}`)));
      const first = await deliveries.list();
      const second = await deliveries.list(first.kind === 'ok' ? first.next : undefined);
      if (first.kind !== 'ok' || second.kind !== 'ok') throw new Error(`${first.kind} ${second.kind}`);
      expect([first.deliveries.length, second.deliveries.length, second.next]).toEqual([100, 20, undefined]);
      const ids = [...first.deliveries, ...second.deliveries].map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a));
    });

    test('one that is unknown, or older than three days, is gone', async () => {
      const { deliveries, at } = await make();
      await at.delivering(202, () => at.start('octo-org/closed', 'a'));
      await at.delivering(202, () => at.cancelRuns());
      const listed = await deliveries.list();
      const id = listed.kind === 'ok' ? (listed.deliveries[0]?.id ?? 0) : 0;
      expect(await deliveries.redeliver(1)).toEqual({ kind: 'gone' });
      at.pass(3 * 24 * 3_600_000);
      expect(await deliveries.list()).toEqual({ kind: 'ok', deliveries: [] });
      expect(await deliveries.redeliver(id)).toEqual({ kind: 'gone' });
    });
  });
}

/** Every call of the ports that an installation makes. */
const calls = (under: GitHubUnderTest, installationId = under.at.installationId, scope: Scope = organization) => {
  const { github, jobs } = under;
  return {
    createJitConfig: () => github.createJitConfig(jit(under, 'x', { installationId, scope })),
    deleteRunner: () => github.deleteRunner(installationId, scope, 1),
    findRunner: () => github.findRunner(installationId, scope, 'x'),
    getRunner: () => github.getRunner(installationId, scope, 1),
    listRunners: () => github.listRunners(installationId, scope),
    runnerDownloads: () => github.runnerDownloads(installationId, scope),
    findJob: () => jobs.findJob(installationId, 'octo-org/closed', '1'),
    unfinishedJobs: () => jobs.unfinishedJobs(installationId, 'octo-org/closed', 'queued'),
    rerunJob: () => jobs.rerunJob(installationId, 'octo-org/closed', '1'),
  } as const;
};

const kindsOf = async (all: ReturnType<typeof calls>) => {
  const kinds: Record<string, string> = {};
  for (const [name, call] of Object.entries(all)) kinds[name] = (await call()).kind;
  return kinds;
};

const each = (under: GitHubUnderTest, kind: string) =>
  Object.fromEntries(Object.keys(calls(under)).map((name) => [name, kind]));

function describeRefusals(name: string, make: Make): void {
  describe(`${name}: refusals`, () => {
    test('an unknown installation is auth, whatever it asks', async () => {
      const under = await make();
      expect(await kindsOf(calls(under, 1))).toEqual(each(under, 'auth'));
    });

    test.each([organization, repository])('without permissions all is auth: $kind', async (scope) => {
      const under = await make();
      under.at.withPermissions({ metadata: 'read' });
      expect(await kindsOf(calls(under, undefined, scope))).toEqual(each(under, 'auth'));
    });

    test('permission to read is none to write', async () => {
      const under = await make();
      under.at.withPermissions({ organization_self_hosted_runners: 'read', actions: 'read' });
      expect(await kindsOf(calls(under))).toEqual({
        createJitConfig: 'auth',
        deleteRunner: 'auth',
        findRunner: 'gone',
        getRunner: 'gone',
        listRunners: 'ok',
        runnerDownloads: 'ok',
        findJob: 'gone',
        unfinishedJobs: 'ok',
        rerunJob: 'auth',
      });
    });

    test('another organisation, another repository, another group, a bad name', async () => {
      const under = await make();
      const { github, at } = under;
      const other: Scope = { kind: 'organization', organization: 'other' };
      expect(await github.listRunners(at.installationId, other)).toMatchObject({ kind: 'auth' });
      expect(await github.findRunner(at.installationId, other, 'r')).toMatchObject({ kind: 'auth' });
      expect(await github.getRunner(at.installationId, other, 1)).toEqual({ kind: 'gone' });
      const refused = [{ scope: other }, { runnerGroupId: 7 }, { name: '' }, { labels: [] }];
      for (const more of refused)
        expect(await github.createJitConfig(jit(under, 'r', more))).toMatchObject({ kind: 'refused' });
    });

    test('beyond the points of a minute all is throttled until the next; a read costs 1, a write 5', async () => {
      const under = await make();
      const { github, at } = under;
      at.limitPoints(7);
      await register(under, 'r');
      expect(await github.createJitConfig(jit(under, 's'))).toMatchObject({ kind: 'throttled', retryAfterMs: 60_000 });
      for (let n = 0; n < 2; n += 1)
        expect(await github.listRunners(at.installationId, organization)).toMatchObject({ kind: 'ok' });
      at.pass(30_000);
      expect(await kindsOf(calls(under))).toEqual(each(under, 'throttled'));
      expect(await github.listRunners(at.installationId, organization)).toMatchObject({ retryAfterMs: 30_000 });
      at.pass(30_000);
      expect(await github.createJitConfig(jit(under, 's'))).toMatchObject({ kind: 'ok' });
    });
  });
}
