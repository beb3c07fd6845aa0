import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { NotFound, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replacedPackages } from './expire-packages.ts';
import { AwsRunnerStore } from './runner-store.ts';

const bytes = Buffer.from('a runner package');
const sha256 = createHash('sha256').update(bytes).digest();
const server = createServer((request, response) => {
  if (request.url === '/redirect') response.writeHead(302, { location: '/package' }).end();
  else if (request.url === '/package') response.end(bytes);
  else if (request.url === '/half') {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => response.destroy(), 20);
  } else response.writeHead(404).end();
});
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => void server.close());

/** An S3 that answers by a function. */
function storeWith(answer: (command: string, input: Record<string, unknown>) => unknown) {
  const commands: string[] = [];
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    commands.push(command.constructor.name);
    const body = command.input.Body as AsyncIterable<Buffer> | undefined;
    if (body) for await (const _ of body);
    const outcome = answer(command.constructor.name, command.input);
    if (outcome instanceof Error) throw outcome;
    return outcome ?? {};
  };
  return { commands, store: new AwsRunnerStore({ send } as unknown as S3Client, 'bucket') };
}

const refused = (httpStatusCode: number) => Object.assign(new Error('refused'), { $metadata: { httpStatusCode } });
const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('mayfly-package-'));

test('what is uploaded carries its checksum and its length', async () => {
  let input: Record<string, unknown> = {};
  const { store } = storeWith((_, given) => {
    input = given;
  });
  expect(await store.store('runner/linux-x64/1.tar.gz', `${url}/redirect`, sha256.toString('hex'))).toBe('ok');
  expect(input).toMatchObject({
    Bucket: 'bucket',
    Key: 'runner/linux-x64/1.tar.gz',
    ContentLength: bytes.length,
    ChecksumSHA256: sha256.toString('base64'),
  });
  expect(leftovers()).toEqual([]);
});

test.each([
  ['/half', 'unavailable'],
  ['/missing', 'unavailable'],
])('what comes from %s is %s, and S3 is not asked', async (path, outcome) => {
  const { store, commands } = storeWith(() => undefined);
  expect(await store.store('key', url + path, sha256.toString('hex'))).toBe(outcome);
  expect(commands).toEqual([]);
  expect(leftovers()).toEqual([]);
});

test('an S3 that is down is unavailable; one that refuses is seen', async () => {
  const store = (status: number) =>
    storeWith(() => refused(status)).store.store('key', `${url}/package`, sha256.toString('hex'));
  expect(await store(503)).toBe('unavailable');
  await expect(store(403)).rejects.toThrow('refused');
  expect(leftovers()).toEqual([]);
});

test('a package that is not there is not there; a refusal is seen', async () => {
  expect(await storeWith(() => new NotFound({ message: '', $metadata: {} })).store.has('key')).toBe(false);
  expect(await storeWith(() => undefined).store.has('key')).toBe(true);
  await expect(storeWith(() => refused(403)).store.has('key')).rejects.toThrow('refused');
});

test('packages are stored one after the other', async () => {
  let most = 0;
  const { store } = storeWith(() => {
    most = Math.max(most, leftovers().length);
  });
  await Promise.all(['a', 'b', 'c'].map((key) => store.store(key, `${url}/package`, sha256.toString('hex'))));
  expect(most).toBe(1);
});

test('a package is old when its successor lies there for a week', () => {
  const day = 24 * 60 * 60_000;
  const packages = [
    { key: 'runner/linux-x64/1', storedAt: 0 },
    { key: 'runner/linux-x64/2', storedAt: 30 * day },
    { key: 'runner/linux-x64/3', storedAt: 36 * day },
    { key: 'runner/linux-arm64/1', storedAt: 0 },
  ];
  expect(replacedPackages(packages, 37 * day - 1)).toEqual([]);
  expect(replacedPackages(packages, 37 * day)).toEqual(['runner/linux-x64/1']);
  expect(replacedPackages(packages, 400 * day)).toEqual(['runner/linux-x64/1', 'runner/linux-x64/2']);
});
