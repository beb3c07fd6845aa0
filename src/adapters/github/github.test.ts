/** Each verb against a server that answers by a script: what each status becomes, and what was asked. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GitHub, JitRequest } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createGitHub } from './github.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const now = Date.parse('2026-11-24T10:00:00Z');
const token = 'ghs_123_secret.token';
const tokenReply = { status: 201, body: { token, expires_at: '2026-11-24T11:00:00Z' } };

const org: Scope = { kind: 'organization', organization: 'octo-org' };
const repository: Scope = { kind: 'repository', repository: 'octo-org/octo.repo' };
const jit: JitRequest = { installationId: 7, scope: org, name: 'mf-a-1', runnerGroupId: 1, labels: ['self-hosted'] };
const labels = ['self-hosted', 'gpu'].map((name, id) => ({ id, name, type: 'custom' }));
const runner = { id: 42, name: 'mf-a-1', os: 'linux', status: 'online', busy: false, labels };

let server: ScriptedServer;
let github: GitHub;

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  github = createGitHub({ baseUrl: server.url, appId: '1', privateKey: pem, clock: () => now, timeoutMs: 300 });
});
afterEach(() => {
  server.seen.length = 0;
});
afterAll(() => server.close());

/** Answers the token request, then this one. */
const answer = (...answers: ScriptedAnswer[]) => server.script(tokenReply, ...answers);
const asked = () => server.seen.slice(1).map(({ method, url, body }) => ({ method, url, ...(body ? { body } : {}) }));

describe('createJitConfig', () => {
  const created = { status: 201, body: { runner, encoded_jit_config: 'eyJsecret' } };

  test('registers with the organisation', async () => {
    answer(created);
    expect(await github.createJitConfig(jit)).toEqual({ kind: 'ok', runnerId: 42, jitConfig: 'eyJsecret' });
    const body = { name: 'mf-a-1', runner_group_id: 1, labels: ['self-hosted'], work_folder: '_work' };
    expect(asked()).toEqual([{ method: 'POST', url: '/orgs/octo-org/actions/runners/generate-jitconfig', body }]);
    expect(server.seen[1]?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'mayfly-runners',
    });
  });

  test('registers with a repository, on a server under a path', async () => {
    const options = { baseUrl: `${server.url}/api/v3/`, appId: '1', privateKey: pem, clock: () => now };
    answer(created);
    expect(await createGitHub(options).createJitConfig({ ...jit, scope: repository })).toMatchObject({ kind: 'ok' });
    expect(server.seen.map(({ url }) => url)).toEqual([
      '/api/v3/app/installations/7/access_tokens',
      '/api/v3/repos/octo-org/octo.repo/actions/runners/generate-jitconfig',
    ]);
  });

  test.each([
    [{ status: 409, body: { message: 'Already exists' } }, 'name-taken'],
    [{ status: 404, body: { message: 'Not Found' } }, 'refused'],
    [{ status: 422, body: { message: 'Invalid request' } }, 'refused'],
    [{ status: 400, body: {} }, 'refused'],
    [{ status: 403, body: { message: 'Resource not accessible by integration' } }, 'auth'],
    [{ status: 500, body: {} }, 'unavailable'],
    [{ status: 503, body: '<html>' }, 'unavailable'],
    [{ status: 201, body: { runner } }, 'unavailable'],
    [{ status: 201, body: '{"runner":' }, 'unavailable'],
    [{ status: 201, body: null }, 'unavailable'],
    ['reset', 'unavailable'],
    ['silence', 'unavailable'],
    ['half', 'unavailable'],
  ] satisfies [ScriptedAnswer, string][])('%o is %s, and is asked once', async (reply, kind) => {
    answer(reply, created);
    expect(await github.createJitConfig(jit)).toMatchObject({ kind });
    expect(asked()).toHaveLength(1);
  });
});

describe('deleteRunner', () => {
  test.each([
    [{ status: 204 }, 'deleted'],
    [{ status: 422, body: { message: 'Runner "mf-a-1" is still running a job' } }, 'busy'],
    [{ status: 404, body: {} }, 'gone'],
    [{ status: 403, body: {} }, 'auth'],
    [{ status: 502, body: '' }, 'unavailable'],
  ])('%o is %s', async (reply, kind) => {
    answer(reply);
    expect(await github.deleteRunner(7, repository, 42)).toMatchObject({ kind });
    expect(asked()).toEqual([{ method: 'DELETE', url: '/repos/octo-org/octo.repo/actions/runners/42' }]);
  });
});

describe('findRunner', () => {
  const found = (...runners: object[]) => ({ status: 200, body: { total_count: runners.length, runners } });

  test.each([
    [{ ...runner }, { online: true, busy: false }],
    [
      { ...runner, status: 'offline', busy: true },
      { online: false, busy: true },
    ],
  ])('finds it: %o', async (listed, state) => {
    answer(found({ ...runner, id: 1, name: 'mf-a-10' }, listed));
    const wanted = { id: 42, name: 'mf-a-1', labels: ['self-hosted', 'gpu'], ...state };
    expect(await github.findRunner(7, org, 'mf-a-1')).toEqual({ kind: 'ok', runner: wanted });
    expect(asked()).toEqual([{ method: 'GET', url: '/orgs/octo-org/actions/runners?name=mf-a-1&per_page=100' }]);
  });

  test.each([
    [found(), 'gone'],
    [found({ ...runner, name: 'MF-a-1x' }), 'gone'],
    [{ status: 200, body: { total_count: 101, runners: [{ ...runner, name: 'other' }] } }, 'unavailable'],
    [{ status: 200, body: [] }, 'unavailable'],
    [{ status: 404, body: {} }, 'auth'],
    [{ status: 500, body: {} }, 'unavailable'],
  ])('%o is %s', async (reply, kind) => {
    answer(reply);
    expect(await github.findRunner(7, org, 'mf-a-1')).toMatchObject({ kind });
  });
});

describe('runnerDownloads', () => {
  const sha256 = 'a'.repeat(64);
  const listed = (os: string, architecture: string, more: object = {}) => ({
    os,
    architecture,
    download_url: `https://example.com/${os}`,
    filename: `actions-runner-${os}-${architecture}-2.336.0.${os === 'win' ? 'zip' : 'tar.gz'}`,
    sha256_checksum: sha256,
    ...more,
  });

  test('gives our platforms, with a sha256 and a version', async () => {
    const others = [
      listed('osx', 'x64'),
      listed('linux', 'arm'),
      listed('linux', 'x64', { sha256_checksum: undefined }),
    ];
    const ours = [listed('linux', 'x64'), listed('linux', 'arm64'), listed('win', 'x64')];
    answer({ status: 200, body: [...others, listed('linux', 'x64', { filename: 'runner.tar.gz' }), ...ours] });
    const found = (platform: string, os: string) => ({
      platform,
      version: '2.336.0',
      url: `https://example.com/${os}`,
      sha256,
    });
    expect(await github.runnerDownloads(7, org)).toEqual({
      kind: 'ok',
      downloads: [found('linux-x64', 'linux'), found('linux-arm64', 'linux'), found('windows-x64', 'win')],
    });
    expect(asked()).toEqual([{ method: 'GET', url: '/orgs/octo-org/actions/runners/downloads' }]);
  });

  test.each([
    [{ status: 200, body: {} }, 'unavailable'],
    [{ status: 403, body: {} }, 'auth'],
  ])('%o is %s', async (reply, kind) => {
    answer(reply);
    expect(await github.runnerDownloads(7, org)).toMatchObject({ kind });
  });
});

describe('limits of GitHub', () => {
  const limited = (status: number, headers: Record<string, string>, message = '') => ({
    status,
    headers,
    body: { message },
  });
  const inTwoMinutes = String(now / 1_000 + 120);

  test.each([
    ['429 with retry-after', limited(429, { 'retry-after': '30' }), 30_000],
    ['403 with retry-after', limited(403, { 'retry-after': '60' }), 60_000],
    ['403, hourly limit', limited(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inTwoMinutes }), 120_000],
    ['429, hourly limit', limited(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inTwoMinutes }), 120_000],
    ['a reset in the past', limited(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }), 0],
    ['429 without a word', limited(429, {}), undefined],
    ['a secondary limit', limited(403, { 'x-ratelimit-remaining': '4000' }, 'a secondary rate limit'), undefined],
    ['an unreadable wait', limited(429, { 'retry-after': 'soon' }), undefined],
  ])('%s', async (_, reply, retryAfterMs) => {
    answer(reply);
    const outcome = await github.createJitConfig(jit);
    expect(outcome).toMatchObject({ kind: 'throttled' });
    expect(outcome).toHaveProperty('detail');
    expect((outcome as { retryAfterMs?: number }).retryAfterMs).toBe(retryAfterMs);
    expect(asked()).toHaveLength(1);
  });
});

test('no detail holds a secret, whatever the answer echoes', async () => {
  const jwtLike = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl';
  const message = `denied for Bearer ${token} and ${jwtLike}, config eyJzZWNyZXQiOiJhIn0+/=; ask your admin`;
  answer({ status: 422, body: { message } });
  const outcome = await github.createJitConfig(jit);
  const detail = 'denied for Bearer *** and ***, config ***; ask your admin';
  expect(outcome).toEqual({
    kind: 'refused',
    detail: `POST /orgs/octo-org/actions/runners/generate-jitconfig: 422 ${detail}`,
  });
});
