/** The App's own token and those of its installations. */
import { generateKeyPairSync, verify } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GitHub } from '../../core/ports.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createGitHub } from './github.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const start = Date.parse('2026-11-24T10:00:00Z');
const MINUTE = 60_000;

let server: ScriptedServer;
let now: number;
let github: GitHub;
let minted: number;

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  now = start;
  minted = 0;
  server.seen.length = 0;
  github = createGitHub({ baseUrl: server.url, appId: 'Iv1.app', privateKey: pem, clock: () => now, timeoutMs: 300 });
});
afterEach(() => {
  server.script();
});
afterAll(() => server.close());

/** A GitHub whose tokens live for an hour, and whose runners are deleted. */
function answer(toDelete: (token: string) => ScriptedAnswer = () => ({ status: 204 })): void {
  server.answer(({ url, headers }) => {
    if (!url.endsWith('/access_tokens')) return toDelete(String(headers.authorization).replace('Bearer ', ''));
    minted += 1;
    const expires_at = new Date(now + 60 * MINUTE).toISOString();
    return { status: 201, body: { token: `ghs_${minted}`, expires_at } };
  });
}

const use = (installationId = 7) =>
  github.deleteRunner(installationId, { kind: 'organization', organization: 'octo-org' }, 1);

test('asks for a token with a JWT that GitHub accepts', async () => {
  answer();
  await use();
  const { method, url, headers } = server.seen[0] ?? {};
  expect([method, url]).toEqual(['POST', '/app/installations/7/access_tokens']);
  const [head = '', claims = '', signature = ''] = String(headers?.authorization).replace('Bearer ', '').split('.');
  const decoded = [head, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  const seconds = start / 1_000;
  expect(decoded).toEqual([
    { alg: 'RS256', typ: 'JWT' },
    { iat: seconds - 60, exp: seconds + 540, iss: 'Iv1.app' },
  ]);
  const signed = Buffer.from(`${head}.${claims}`);
  expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
});

test('keeps a token until five minutes before it expires', async () => {
  answer();
  await use();
  now = start + 55 * MINUTE - 1;
  await use();
  expect(minted).toBe(1);
  now += 1;
  await use();
  expect(minted).toBe(2);
});

test('each installation has its own token', async () => {
  answer();
  await use(7);
  await use(8);
  expect(server.seen.map(({ headers }) => headers.authorization).filter((text) => text?.includes('ghs_'))).toEqual([
    'Bearer ghs_1',
    'Bearer ghs_2',
  ]);
});

test('30 callers at once share one request', async () => {
  answer();
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => use()));
  expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'deleted' })));
  expect(minted).toBe(1);
});

test('a token that GitHub refuses is replaced, once', async () => {
  answer((token) => (token === 'ghs_1' ? { status: 401, body: {} } : { status: 204 }));
  expect(await use()).toEqual({ kind: 'deleted' });
  expect(minted).toBe(2);
  expect(await use()).toEqual({ kind: 'deleted' });
  expect(minted).toBe(2);
});

test('a refused JIT request is sent again with a new token: it did nothing', async () => {
  answer((token) =>
    token === 'ghs_1'
      ? { status: 401, body: {} }
      : { status: 201, body: { runner: { id: 42 }, encoded_jit_config: 'config' } },
  );
  const scope = { kind: 'organization', organization: 'octo-org' } as const;
  const jit = await github.createJitConfig({ installationId: 7, scope, name: 'a', runnerGroupId: 1, labels: ['b'] });
  expect(jit).toEqual({ kind: 'ok', runnerId: 42, jitConfig: 'config' });
});

test('when the new token is refused as well, it is over', async () => {
  answer(() => ({ status: 401, body: { message: 'Bad credentials' } }));
  expect(await use()).toEqual({
    kind: 'auth',
    detail: 'DELETE /orgs/octo-org/actions/runners/1: 401 Bad credentials',
  });
  expect(server.seen).toHaveLength(4);
});

test('10 callers whose token was refused replace it once', async () => {
  answer((token) => (token === 'ghs_1' ? { status: 401, body: {} } : { status: 204 }));
  await use(8);
  server.seen.length = 0;
  minted = 0;
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => use()));
  expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'deleted' })));
  expect(minted).toBe(2);
});

test.each([
  [{ status: 401, body: { message: 'A JSON web token could not be decoded' } }, 'auth'],
  [{ status: 403, body: { message: 'This installation has been suspended' } }, 'auth'],
  [{ status: 404, body: { message: 'Not Found' } }, 'auth'],
  [{ status: 403, headers: { 'retry-after': '5' }, body: {} }, 'throttled'],
  [{ status: 500, body: {} }, 'unavailable'],
  [{ status: 201, body: { token: 'ghs_x' } }, 'unavailable'],
  ['reset', 'unavailable'],
  ['silence', 'unavailable'],
] satisfies [ScriptedAnswer, string][])('without a token, %o is %s, and is not kept', async (reply, kind) => {
  server.script(reply);
  expect(await use()).toMatchObject({ kind });
  expect(server.seen).toHaveLength(1);
  answer();
  expect(await use()).toEqual({ kind: 'deleted' });
});

test('a key that is none says so, without showing it', async () => {
  const options = { baseUrl: server.url, appId: '1', privateKey: 'my secret key', clock: () => now };
  const outcome = await createGitHub(options).deleteRunner(7, { kind: 'repository', repository: 'a/b' }, 1);
  expect(outcome).toEqual({ kind: 'auth', detail: 'the private key of the App is no RSA key in PEM form' });
  expect(server.seen).toEqual([]);
});
