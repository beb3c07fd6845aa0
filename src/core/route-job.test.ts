import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { routeJob } from './route-job.ts';
import type { RoutablePool } from './types.ts';

const repository = { owner: 'acme', name: 'web', private: true };
const pool = (name: string, labels: string[], more: Partial<RoutablePool> = {}): RoutablePool => ({
  name,
  labels,
  priority: 0,
  publicRepositories: false,
  ...more,
});
const nameOf = (labels: string[], pools: RoutablePool[], from = repository) => {
  const route = routeJob(labels, from, pools);
  return route.kind === 'pool' ? route.pool.name : route.reason;
};

describe('routeJob', () => {
  test('job labels are a subset of the pool labels, whatever the case', () => {
    const pools = [pool('a', ['Linux', 'x64'])];
    expect(nameOf(['linux', 'X64'], pools)).toBe('a');
    expect(nameOf(['linux', 'arm64'], pools)).toBe('no-pool');
    expect(nameOf([], pools)).toBe('no-labels');
  });

  test('the highest priority wins, then the name, in whatever order pools are listed', () => {
    const pools = [pool('b', ['x']), pool('a', ['x']), pool('c', ['x', 'y'], { priority: 5 })];
    for (const order of [pools, [...pools].reverse()]) {
      expect(nameOf(['x'], order)).toBe('c');
      expect(
        nameOf(
          ['x'],
          order.filter((one) => one.name !== 'c'),
        ),
      ).toBe('a');
    }
  });

  test('a repository-level pool serves its repository alone', () => {
    const pools = [pool('own', ['x'], { repository: 'Acme/Web' })];
    expect(nameOf(['x'], pools)).toBe('own');
    expect(nameOf(['x'], pools, { ...repository, name: 'other' })).toBe('repository-not-allowed');
  });

  test('allowed repositories and public repositories are told apart, and another pool may still serve', () => {
    const listed = pool('listed', ['x'], { allowedRepositories: ['acme/api'] });
    expect(nameOf(['x'], [listed])).toBe('repository-not-allowed');
    expect(nameOf(['x'], [pool('p', ['x'])], { ...repository, private: false })).toBe('public-repository');
    expect(nameOf(['x'], [listed, pool('open', ['x'])])).toBe('open');
  });

  test('any non-empty subset of a pool routes to it', () => {
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }), (labels) => {
        expect(nameOf(labels, [pool('p', ['D', 'c', 'b', 'A'])])).toBe('p');
      }),
    );
  });
});
