import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { LocalRunnerStore } from './runner-store.ts';

const bytes = Buffer.from('a runner package');
const sha256 = createHash('sha256').update(bytes).digest('hex');

test('keeps what has the right sha256, in either case', async () => {
  const asked: string[] = [];
  const store = new LocalRunnerStore(async (url) => {
    asked.push(url);
    return bytes;
  });
  expect(await store.has('key')).toBe(false);
  expect(await store.store('key', 'https://example.com/runner', sha256.toUpperCase())).toBe('ok');
  expect(asked).toEqual(['https://example.com/runner']);
  expect(await store.has('key')).toBe(true);
  expect(store.open('key')).toEqual(bytes);
});

test('keeps nothing that is corrupt or can not be fetched', async () => {
  const corrupt = new LocalRunnerStore(async () => Buffer.from('a runner pack'));
  expect(await corrupt.store('key', 'url', sha256)).toBe('corrupt');
  const unavailable = new LocalRunnerStore(() => Promise.reject(new Error('no route')));
  expect(await unavailable.store('key', 'url', sha256)).toBe('unavailable');
  for (const store of [corrupt, unavailable]) {
    expect(await store.has('key')).toBe(false);
    expect(store.open('key')).toBeUndefined();
  }
});
