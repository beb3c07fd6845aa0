import { describe, expect, test } from 'vitest';
import { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { unmatchedKey } from './records.ts';
import { matchOf, noteMatched, noteProbe, noteUnmatched } from './unmatched.ts';

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

/** The same notes, later. */
const later = (ledger: Ledger, ms: number) => ledger.stored(ledger.writes(() => 0)).fork(ledger.now + ms);

describe('runners that idle beside a job of a repository', () => {
  test('one of them may just hang', () => {
    const ledger = clean();
    expect(noteUnmatched(ledger, here, '1-1')).toBe(0);
    expect(matchOf(ledger, here)).toEqual({ kind: 'free' });
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
    const held = { kind: 'held', until: limits.slowRetryMs };
    expect(matchOf(ledger, { ...here, repository: 'Acme/Web' })).toEqual(held);
    expect(matchOf(later(ledger, limits.slowRetryMs - 1), here)).toEqual(held);
    expect(matchOf(ledger, { ...here, repository: 'acme/other' })).toEqual({ kind: 'free' });
    expect(matchOf(ledger, { ...here, pool: 'arm' })).toEqual({ kind: 'free' });
  });

  test('then one job may try, and the others wait for what comes of it', () => {
    const ledger = clean();
    noteUnmatched(ledger, here, '1-1');
    noteUnmatched(ledger, here, '1-2');
    const after = later(ledger, limits.slowRetryMs);
    const until = limits.slowRetryMs + limits.probeMs;
    expect(matchOf(after, here)).toEqual({ kind: 'probe', until });
    noteProbe(after, here, until);
    expect(matchOf(after, here)).toEqual({ kind: 'held', until });
    expect(noteUnmatched(after, here, '1-3')).toBe(2 * limits.slowRetryMs);
  });

  test('a job of it that runs ends it, and all begins anew', () => {
    const ledger = clean();
    noteUnmatched(ledger, here, '1-1');
    noteUnmatched(ledger, here, '1-2');
    noteMatched(ledger, here);
    expect(matchOf(ledger, here)).toEqual({ kind: 'free' });
    expect(noteUnmatched(ledger, here, '1-3')).toBe(0);
  });

  test('nothing is written where nothing was noted', () => {
    const ledger = clean();
    noteMatched(ledger, here);
    expect(ledger.writes(() => 0)).toEqual([]);
  });
});
