/** Lists of runners, jobs and deliveries against a server that answers by a script. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Scope } from '../../core/types.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createGitHubApp, type GitHubApp } from './github.ts';

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const now = Date.parse('2026-11-24T10:00:00Z');
const tokenReply = { status: 201, body: { token: 'ghs_token', expires_at: '2026-11-24T11:00:00Z' } };
const org: Scope = { kind: 'organization', organization: 'octo-org' };
const repository = 'octo-org/octo.repo';

let server: ScriptedServer;
let app: GitHubApp;

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  server.seen.length = 0;
  app = createGitHubApp({ baseUrl: server.url, appId: '1', privateKey: pem, clock: () => now, timeoutMs: 300 });
});
afterAll(() => server.close());

/** Answers the token request, then these. */
const answer = (...answers: ScriptedAnswer[]) => server.script(tokenReply, ...answers);
const asked = () =>
  server.seen.filter(({ url }) => !url.endsWith('/access_tokens')).map(({ method, url }) => `${method} ${url}`);

const failures: [ScriptedAnswer, string][] = [
  [{ status: 403, body: { message: 'Resource not accessible by integration' } }, 'auth'],
  [{ status: 429, headers: { 'retry-after': '5' }, body: {} }, 'throttled'],
  [{ status: 502, body: '<html>' }, 'unavailable'],
  [{ status: 200, body: 'cut o' }, 'unavailable'],
  ['half', 'unavailable'],
  ['silence', 'unavailable'],
];

describe('runners', () => {
  const runner = (id: number) => ({ id, name: `r${id}`, status: 'online', busy: false, labels: [{ name: 'linux' }] });
  /** GitHub with so many runners; some calls may fail. */
  function pages(total: number, failing?: { readonly page: number; readonly reply: ScriptedAnswer }) {
    server.answer(({ url }) => {
      if (url.endsWith('/access_tokens')) return tokenReply;
      const page = Number(new URL(url, server.url).searchParams.get('page'));
      if (page === failing?.page) return failing.reply;
      const ids = Array.from({ length: Math.min(100, total - (page - 1) * 100) }, (_, n) => (page - 1) * 100 + n);
      return { status: 200, body: { total_count: total, runners: ids.map(runner) } };
    });
  }

  test('the pages after the first are asked for at the same time, ten of them', async () => {
    pages(2_350);
    const before = server.connections();
    const listed = await app.github.listRunners(7, org);
    expect(listed).toMatchObject({ kind: 'ok', pages: 24, runners: { length: 2_350 } });
    expect(asked()[0]).toBe('GET /orgs/octo-org/actions/runners?per_page=100&page=1');
    expect(new Set(asked()).size).toBe(24);
    expect(server.connections() - before).toBe(10);
  });

  test('no more than 100 pages', async () => {
    pages(20_000);
    expect(await app.github.listRunners(7, org)).toMatchObject({ pages: 100, runners: { length: 10_000 } });
  });

  test('one that moves up while pages are read is there once', async () => {
    answer(
      { status: 200, body: { total_count: 101, runners: [runner(1), runner(2)] } },
      { status: 200, body: { total_count: 100, runners: [{ ...runner(2), busy: true }] } },
    );
    const listed = await app.github.listRunners(7, org);
    expect(listed).toMatchObject({ runners: [{ id: 1 }, { id: 2, busy: true }] });
  });

  test.each(failures)('a page that is %j makes the whole list %s', async (reply, kind) => {
    pages(450, { page: 3, reply });
    expect(await app.github.listRunners(7, org)).toMatchObject({ kind });
  });

  test.each(failures)('a runner by its id: %j is %s', async (reply, kind) => {
    answer(reply);
    expect(await app.github.getRunner(7, org, 42)).toMatchObject({ kind });
    expect(asked()).toEqual(['GET /orgs/octo-org/actions/runners/42']);
  });
});

describe('jobs', () => {
  const job = {
    id: 55_200_000_001,
    run_id: 9,
    status: 'queued',
    conclusion: null,
    runner_name: '',
    name: 'build',
    labels: ['self-hosted'],
    created_at: '2026-11-24T09:00:00Z',
  };
  const seen = {
    id: '55200000001',
    status: 'queued',
    name: 'build',
    labels: ['self-hosted'],
    createdAt: Date.parse('2026-11-24T09:00:00Z'),
  };
  const find = () => app.jobs.findJob(7, repository, '55200000001');

  test('the run of a queued job is asked, too', async () => {
    answer({ status: 200, body: job }, { status: 200, body: { status: 'in_progress', conclusion: null } });
    expect(await find()).toEqual({ kind: 'ok', job: seen });
    expect(asked()).toEqual([
      'GET /repos/octo-org/octo.repo/actions/jobs/55200000001',
      'GET /repos/octo-org/octo.repo/actions/runs/9',
    ]);
  });

  test('a job that stays queued in a run that could not start is over', async () => {
    answer({ status: 200, body: job }, { status: 200, body: { status: 'completed', conclusion: 'startup_failure' } });
    expect(await find()).toEqual({ kind: 'ok', job: { ...seen, status: 'completed', conclusion: 'startup_failure' } });
  });

  test('a queued job whose run is gone is gone', async () => {
    answer({ status: 200, body: job }, { status: 404, body: {} });
    expect(await find()).toEqual({ kind: 'gone' });
  });

  test.each(['waiting', 'pending', 'requested', 'something new'])('%s is held', async (status) => {
    answer({ status: 200, body: { ...job, status } });
    expect(await find()).toMatchObject({ kind: 'ok', job: { status: 'held' } });
    expect(asked()).toHaveLength(1);
  });

  test.each([...failures, [{ status: 200, body: { ...job, labels: null } }, 'unavailable'] as const])(
    'a job: %j is %s',
    async (reply, kind) => {
      answer(reply);
      expect(await find()).toMatchObject({ kind });
    },
  );

  test.each(failures)('its run: %j is %s', async (reply, kind) => {
    answer({ status: 200, body: job }, reply);
    expect(await find()).toMatchObject({ kind });
  });

  test('unfinished jobs: ten runs, the latest attempt of their first hundred jobs', async () => {
    const run = { id: 9, repository: { private: true } };
    answer({ status: 200, body: { workflow_runs: [run] } }, { status: 200, body: { jobs: [job] } });
    expect(await app.jobs.unfinishedJobs(7, repository, 'in_progress')).toEqual({
      kind: 'ok',
      jobs: [seen],
      private: true,
      calls: 2,
    });
    expect(asked()).toEqual([
      'GET /repos/octo-org/octo.repo/actions/runs?status=in_progress&per_page=10',
      'GET /repos/octo-org/octo.repo/actions/runs/9/jobs?filter=latest&per_page=100',
    ]);
  });

  test('a run that was deleted meanwhile has no jobs', async () => {
    answer({ status: 200, body: { workflow_runs: [{ id: 9 }] } }, { status: 404, body: {} });
    expect(await app.jobs.unfinishedJobs(7, repository, 'queued')).toMatchObject({ kind: 'ok', jobs: [], calls: 2 });
  });

  test.each(failures)('the runs or the jobs of one: %j is %s', async (reply, kind) => {
    answer(reply);
    expect(await app.jobs.unfinishedJobs(7, repository, 'queued')).toMatchObject({ kind });
    server.script({ status: 200, body: { workflow_runs: [{ id: 9 }] } }, reply);
    expect(await app.jobs.unfinishedJobs(7, repository, 'queued')).toMatchObject({ kind });
  });

  test.each<[ScriptedAnswer, string]>([
    [{ status: 201, body: {} }, 'ok'],
    [{ status: 403, body: { message: 'The workflow run containing this job is already running' } }, 'not-yet'],
    [{ status: 403, body: { message: 'Resource not accessible by integration' } }, 'auth'],
    [{ status: 403, headers: { 'retry-after': '5' }, body: {} }, 'throttled'],
    [{ status: 404, body: {} }, 'refused'],
    [{ status: 422, body: {} }, 'refused'],
    [{ status: 500, body: {} }, 'unavailable'],
    ['reset', 'unavailable'],
  ])('a re-run: %j is %s, and asked once', async (reply, kind) => {
    answer(reply);
    expect(await app.jobs.rerunJob(7, repository, '42')).toMatchObject({ kind });
    expect(asked()).toEqual(['POST /repos/octo-org/octo.repo/actions/jobs/42/rerun']);
  });
});

describe('deliveries', () => {
  const delivery = {
    id: 171_000_000_001,
    guid: '0b989ba4-242f-11e5-81e1-c7b6966d2516',
    delivered_at: '2026-11-24T09:00:00Z',
    redelivery: false,
    status: 'timed out',
    status_code: 0,
    event: 'workflow_job',
  };

  test('a page, asked as the App; the cursor of the next comes from the Link header', async () => {
    const next = `${server.url}/app/hook/deliveries?per_page=100&cursor=v1_%2B9`;
    server.script({ status: 200, headers: { link: `<${next}>; rel="next"` }, body: [delivery] });
    expect(await app.deliveries.list()).toEqual({
      kind: 'ok',
      deliveries: [
        {
          id: 171_000_000_001,
          guid: delivery.guid,
          deliveredAt: Date.parse('2026-11-24T09:00:00Z'),
          statusCode: 0,
          event: 'workflow_job',
        },
      ],
      next: 'v1_+9',
    });
    server.script({ status: 200, headers: { link: `<${server.url}/x>; rel="prev"` }, body: [] });
    expect(await app.deliveries.list('v1_+9')).toEqual({ kind: 'ok', deliveries: [] });
    expect(asked()).toEqual([
      'GET /app/hook/deliveries?per_page=100',
      'GET /app/hook/deliveries?per_page=100&cursor=v1_%2B9',
    ]);
    expect(server.seen[0]?.headers.authorization).toMatch(/^Bearer eyJ/);
  });

  test.each(failures)('a page that is %j is %s', async (reply, kind) => {
    server.script(reply);
    expect(await app.deliveries.list()).toMatchObject({ kind });
  });

  test.each<[ScriptedAnswer, string]>([
    [{ status: 202, body: {} }, 'ok'],
    [{ status: 404, body: {} }, 'gone'],
    [{ status: 422, body: {} }, 'refused'],
    [{ status: 401, body: {} }, 'auth'],
    ['half', 'unavailable'],
  ])('a redelivery: %j is %s', async (reply, kind) => {
    server.script(reply);
    expect(await app.deliveries.redeliver(171_000_000_001)).toMatchObject({ kind });
    expect(asked()).toEqual(['POST /app/hook/deliveries/171000000001/attempts']);
  });

  test('an unusable key is auth, and GitHub is not asked', async () => {
    const broken = createGitHubApp({ baseUrl: server.url, appId: '1', privateKey: 'nonsense', clock: () => now });
    expect(await broken.deliveries.list()).toMatchObject({ kind: 'auth' });
    expect(await broken.deliveries.redeliver(1)).toMatchObject({ kind: 'auth' });
    expect(asked()).toEqual([]);
  });
});
