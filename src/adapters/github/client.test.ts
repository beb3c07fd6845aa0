/** Connections: kept, dropped after a pause, replaced when GitHub closed them. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createClient, type GitHubRequest, type Send } from './client.ts';

const get: GitHubRequest = { method: 'GET', path: '/a', repeatable: true };
const post: GitHubRequest = { method: 'POST', path: '/b', body: { text: 'é' }, repeatable: false };

let server: ScriptedServer;
let now: number;
let send: Send;

beforeEach(async () => {
  server = await startScriptedServer();
  server.answer(() => ({ status: 200, body: {} }));
  now = 0;
  send = createClient({ baseUrl: server.url, clock: () => now, timeoutMs: 300, mostConnections: 3 });
});
afterEach(() => server.close());

const connections = () => server.seen.map(({ connection }) => connection);

test('keeps a connection between requests', async () => {
  await send(get, 'token');
  await send(post, 'token');
  expect(connections()).toEqual([1, 1]);
  expect(server.seen[1]?.body).toEqual({ text: 'é' });
});

test('opens no more connections than it may', async () => {
  await Promise.all(Array.from({ length: 9 }, () => send(get, 'token')));
  expect(server.seen).toHaveLength(9);
  expect(Math.max(...connections())).toBe(3);
});

test('after a pause a new connection is made: the old one may be dead', async () => {
  await send(get, 'token');
  now = 15_000;
  await send(get, 'token');
  now = 30_001;
  await send(post, 'token');
  expect(connections()).toEqual([1, 1, 2]);
});

/** Breaks the connection on the second request over it, as one does that was closed while the request was sent. */
function breakReused(): void {
  let requests = 0;
  server.answer(({ connection }) => {
    requests += 1;
    return requests > 1 && connection === 1 ? 'reset' : { status: 200, body: {} };
  });
}

test('what may be repeated is repeated once on a new connection', async () => {
  breakReused();
  await send(get, 'token');
  expect(await send(get, 'token')).toMatchObject({ kind: 'reply', status: 200 });
  expect(connections()).toEqual([1, 1, 2]);
});

test('what may not be repeated is not', async () => {
  breakReused();
  await send(get, 'token');
  expect(await send(post, 'token')).toMatchObject({ kind: 'unavailable' });
  expect(connections()).toEqual([1, 1]);
});

test('a connection that GitHub closed meanwhile is not used again', async () => {
  await send(get, 'token');
  server.dropConnections();
  await pause(20);
  expect(await send(post, 'token')).toMatchObject({ kind: 'reply', status: 200 });
  expect(connections()).toEqual([1, 2]);
});

test.each(['silence', 'half'] as const)('%s ends within its time', async (answer) => {
  server.script(answer);
  expect(await send(get, 'token')).toEqual({ kind: 'unavailable', detail: 'GET /a: no answer in time' });
});

test('an answer beyond four megabytes is not read to its end', async () => {
  server.script({ status: 200, body: 'x'.repeat(4_000_001) });
  expect(await send(get, 'token')).toEqual({
    kind: 'unavailable',
    detail: 'GET /a: an answer of more than 4000000 bytes',
  });
});

test('a server that is not there is unavailable', async () => {
  const { url } = server;
  const gone = createClient({ baseUrl: url.replace(/\d+$/, '1'), clock: () => 0, timeoutMs: 300, mostConnections: 1 });
  expect(await gone(get, 'token')).toMatchObject({ kind: 'unavailable' });
});

test('an https address is spoken to over TLS', async () => {
  const baseUrl = server.url.replace('http:', 'https:');
  const secure = createClient({ baseUrl, clock: () => 0, timeoutMs: 300, mostConnections: 1 });
  expect(await secure(get, 'token')).toMatchObject({ kind: 'unavailable' });
  expect(server.seen).toEqual([]);
});
