import { describe, expect, test } from 'vitest';
import { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { unmatchedKey } from './records.ts';
import { noteMatched, noteUnmatched, unmatchedUntil } from './unmatched.ts';

const here = { pool: 'linux', repository: 'acme/web' };

function clean(): Ledger {
  const ledger = new Ledger(0);
  for (const [pool, repository] of [
    ['linux', 'acme/web'],
    ['linux', 'acme/other'],
    ['arm', 'acme/web'],
  ] as const)
    ledger.put(unmatchedKey(pool, repository), undefined);
  return ledger;
}

describe('runners that idle beside a job of a repository', () => {
  test('one of them may just hang', () => {
    const ledger = clean();
    expect(noteUnmatched(ledger, here, '1-1')).toBe(0);
    expect(unmatchedUntil(ledger, here)).toBe(0);
  });

  test('the same one twice is still one', () => {
    const ledger = clean();
    noteUnmatched(ledger, here, '1-1');
    expect(noteUnmatched(ledger, here, '1-1')).toBe(0);
  });

  test('two of them: nothing is launched for a while, for that repository in that pool', () => {
    const ledger = clean();
    noteUnmatched(ledger, here, '1-1');
    expect(noteUnmatched(ledger, here, '1-2')).toBe(limits.slowRetryMs);
    expect(unmatchedUntil(ledger, { ...here, repository: 'Acme/Web' })).toBe(limits.slowRetryMs);
    expect(unmatchedUntil(ledger, { ...here, repository: 'acme/other' })).toBe(0);
    expect(unmatchedUntil(ledger, { ...here, pool: 'arm' })).toBe(0);
  });

  test('then each one more prolongs it', () => {
    const ledger = clean();
    noteUnmatched(ledger, here, '1-1');
    noteUnmatched(ledger, here, '1-2');
    const later = ledger.stored(ledger.writes(() => 0)).fork(limits.slowRetryMs);
    expect(noteUnmatched(later, here, '1-3')).toBe(2 * limits.slowRetryMs);
  });

  test('a job of it that runs ends it, and all begins anew', () => {
    const ledger = clean();
    noteUnmatched(ledger, here, '1-1');
    noteUnmatched(ledger, here, '1-2');
    noteMatched(ledger, here);
    expect(unmatchedUntil(ledger, here)).toBe(0);
    expect(noteUnmatched(ledger, here, '1-3')).toBe(0);
  });

  test('nothing is written where nothing was noted', () => {
    const ledger = clean();
    noteMatched(ledger, here);
    expect(ledger.writes(() => 0)).toEqual([]);
  });
});
