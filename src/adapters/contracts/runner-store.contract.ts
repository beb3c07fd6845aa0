/** What every runner store does. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunnerStore } from '../../core/ports.ts';

export interface RunnerStoreUnderTest {
  readonly store: RunnerStore;
  /** What lies under the key, by whatever way there is beside the port. */
  open(key: string): Promise<Uint8Array | undefined>;
}

const bytes = Buffer.alloc(3_000_000, 'a runner package ');
const sha256 = createHash('sha256').update(bytes).digest('hex');
const key = (name: string) => `runner/linux-x64/${name}.tar.gz`;

export function describeRunnerStore(name: string, make: () => Promise<RunnerStoreUnderTest>): void {
  describe(`${name}: a runner store`, () => {
    const server = createServer((request, response) => {
      if (request.url === '/package') response.end(bytes);
      else if (request.url === '/cut') response.end(bytes.subarray(0, -1));
      else response.writeHead(503).end('nothing');
    });
    let url = '';
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    });
    afterAll(() => void server.close());

    test('keeps a package whose sha256 is right, in either case', async () => {
      const { store, open } = await make();
      expect(await store.has(key('1'))).toBe(false);
      expect(await store.store(key('1'), `${url}/package`, sha256.toUpperCase())).toBe('ok');
      expect(await store.has(key('1'))).toBe(true);
      expect(Buffer.compare((await open(key('1'))) ?? Buffer.alloc(0), bytes)).toBe(0);
      expect(await store.has(key('2'))).toBe(false);
    });

    test.each([
      ['/cut', 'corrupt'],
      ['/gone', 'unavailable'],
    ])('of %s, which is %s, nothing is kept', async (path, outcome) => {
      const { store, open } = await make();
      expect(await store.store(key(outcome), url + path, sha256)).toBe(outcome);
      expect(await store.has(key(outcome))).toBe(false);
      expect(await open(key(outcome))).toBeUndefined();
    });

    test('what lies there stays when it is stored again and that fails', async () => {
      const { store } = await make();
      await store.store(key('3'), `${url}/package`, sha256);
      expect(await store.store(key('3'), `${url}/cut`, sha256)).toBe('corrupt');
      expect(await store.has(key('3'))).toBe(true);
    });
  });
}
