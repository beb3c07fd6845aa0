import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { checkedFetch } from '../../../test/unit/github/checked-fetch.ts';
import { scriptedRun } from '../../../test/unit/github/scripted-run.ts';
import { appKey, runnerPackages } from '../../../test/unit/github/stand-in.ts';
import { World } from '../../../test/unit/github/world.ts';
import { serveGitHub } from './serve-github.ts';

const appPublicKey = appKey.publicKey;

test('it closes at once, whatever is open, and twice', async () => {
  const runnerService = new Hono().get('/wait', () => new Promise<Response>(() => {}));
  const { model } = new World();
  const server = await serveGitHub({ model, appPublicKey, runnerService });
  const checked = checkedFetch();
  expect((await checked.fetch(`${server.url}/app`)).status).toBe(401);
  expect(checked.faults).toEqual([]);
  const waiting = fetch(`${server.url}/_runner/wait`).catch(() => 'cut off');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const from = performance.now();
  await Promise.all([server.close(), server.close()]);
  expect(performance.now() - from).toBeLessThan(500);
  expect(await waiting).toBe('cut off');
  await expect(fetch(server.url)).rejects.toThrow();
});

test('what was being delivered when it closes is given up, and nothing is sent afterwards', async () => {
  const world = new World({ hook: undefined });
  const server = await serveGitHub({ model: world.model, appPublicKey });
  const slow = await serveGitHub({
    model: new World().model,
    appPublicKey,
    runnerService: new Hono().post('/', () => new Promise<Response>(() => {})),
  });
  world.model.setHook({ url: `${slow.url}/_runner`, secret: 's' });
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  await server.close();
  await slow.close();
  world.model.addRun(scriptedRun({ key: 'b' }), 'octo-org/closed');
  expect(world.events.some(({ kind }) => kind === 'delivery-sent')).toBe(false);
  expect(world.model.takeDeliveries()).toHaveLength(1);
});

test('a port in use has a code', async () => {
  const { model } = new World();
  const server = await serveGitHub({ model, appPublicKey });
  await expect(serveGitHub({ model, appPublicKey, port: server.port })).rejects.toMatchObject({
    reason: 'port-in-use',
  });
  await server.close();
});

test('time passes by itself', async () => {
  const world = new World();
  const server = await serveGitHub({ model: world.model, appPublicKey });
  world.connect('r');
  world.now += 100_000;
  await expect.poll(() => world.runnerStory(), { timeout: 3_000 }).toContain('r offline');
  await server.close();
});

test('a package can be a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-package-'));
  const content = join(folder, 'runner.tar.gz');
  writeFileSync(content, 'bytes of a file');
  const [first] = runnerPackages;
  if (!first) throw new Error('no package');
  const server = await serveGitHub({ model: new World().model, appPublicKey, packages: [{ ...first, content }] });
  const reply = await fetch(`${server.url}/actions/runner/releases/download/v${first.version}/${first.filename}`);
  expect(await reply.text()).toBe('bytes of a file');
  expect(reply.headers.get('content-length')).toBe('15');
  await server.close();
  rmSync(folder, { recursive: true });
});
