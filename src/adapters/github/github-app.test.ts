/** What the App asks in its own name, and a pinned runner version, against a server that answers by a script. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createGitHubApp, type GitHubApp } from './github.ts';

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const now = Date.parse('2026-11-24T10:00:00Z');
const tokenReply = { status: 201, body: { token: 'ghs_token', expires_at: '2026-11-24T11:00:00Z' } };
const notThere: ScriptedAnswer = { status: 404, body: { message: 'Not Found' } };
const installed: ScriptedAnswer = { status: 200, body: { id: 7 } };

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

const asked = () => server.seen.map(({ url }) => url);

test('the installation on an organisation, asked with the JWT of the App', async () => {
  server.script(installed);
  const scope = { kind: 'organization', organization: 'octo org' };
  expect(await app.findInstallation('octo org')).toEqual({ kind: 'ok', installationId: 7, scope });
  expect(asked()).toEqual(['/orgs/octo%20org/installation']);
  expect(server.seen[0]?.headers.authorization).toMatch(/^Bearer eyJ/);
});

test('the installation on a user, whose runners are listed with a repository', async () => {
  server.script(notThere, installed, tokenReply, {
    status: 200,
    body: { repositories: [{ full_name: 'octo/web' }] },
  });
  const scope = { kind: 'repository', repository: 'octo/web' };
  expect(await app.findInstallation('octo')).toEqual({ kind: 'ok', installationId: 7, scope });
  expect(asked()).toEqual([
    '/orgs/octo/installation',
    '/users/octo/installation',
    '/app/installations/7/access_tokens',
    '/installation/repositories?per_page=1',
  ]);
});

test.each<[string, ScriptedAnswer[]]>([
  ['auth', [notThere, notThere]],
  ['auth', [{ status: 401, body: {} }]],
  ['throttled', [{ status: 429, body: {} }]],
  ['unavailable', ['silence']],
  ['unavailable', [{ status: 200, body: {} }]],
  ['unavailable', [notThere, { status: 502, body: {} }]],
  ['unavailable', [notThere, installed, tokenReply, { status: 200, body: { repositories: [] } }]],
])('no installation: %s', async (kind, answers) => {
  server.script(...answers);
  expect(await app.findInstallation('octo')).toMatchObject({ kind });
});

test('an unusable key is auth, and GitHub is not asked', async () => {
  const broken = createGitHubApp({ baseUrl: server.url, appId: '1', privateKey: 'nonsense', clock: () => now });
  expect(await broken.findInstallation('octo')).toMatchObject({ kind: 'auth' });
  expect(asked()).toEqual([]);
});

test('a pinned version comes from its release, by platform, with its digest', async () => {
  const asset = (name: string, digest: string | null = `sha256:${'a'.repeat(64)}`) => ({
    name: `actions-runner-${name}`,
    browser_download_url: `https://example.com/${name}`,
    digest,
  });
  const assets = [
    asset('linux-x64-2.330.0.tar.gz'),
    asset('linux-arm64-2.330.0.tar.gz', null),
    asset('win-x64-2.330.0.zip'),
    asset('osx-x64-2.330.0.tar.gz'),
    asset('linux-x64-2.330.0-noruntime.tar.gz'),
  ];
  server.script(tokenReply, { status: 200, body: { assets } });
  const offered = await app.pinnedTo('2.330.0').runnerDownloads(7, { kind: 'organization', organization: 'octo' });
  expect(offered).toEqual({
    kind: 'ok',
    downloads: [
      { platform: 'linux-x64', url: 'https://example.com/linux-x64-2.330.0.tar.gz' },
      { platform: 'windows-x64', url: 'https://example.com/win-x64-2.330.0.zip' },
    ].map((one) => ({ ...one, version: '2.330.0', sha256: 'a'.repeat(64) })),
  });
  expect(asked()[1]).toBe('/repos/actions/runner/releases/tags/v2.330.0');
});

test('a token made before it is needed is used; an unknown installation is left for later', async () => {
  await app.prepare(undefined);
  expect(asked()).toEqual([]);
  server.script(tokenReply, { status: 204 });
  await app.prepare(7);
  await app.github.deleteRunner(7, { kind: 'organization', organization: 'octo' }, 42);
  expect(asked()).toEqual(['/app/installations/7/access_tokens', '/orgs/octo/actions/runners/42']);
});
