/** A world is its seed: same seed, same history; and its faults, as a plan, repeat it. */
import { expect, test } from 'vitest';
import { hashOfWorld, runWorld } from './run.ts';

const random = (seed: number) => ({ seed, faults: { kind: 'random', scale: 1 } }) as const;

test.each([1, 2, 3, 4, 5, 6])('seed %i has the same history again', async (seed) => {
  expect(await hashOfWorld(random(seed))).toBe(await hashOfWorld(random(seed)));
});

test('worlds in between change nothing', async () => {
  const alone = await hashOfWorld(random(7));
  await Promise.all([runWorld(random(8)), runWorld(random(9))]);
  expect(await hashOfWorld(random(7))).toBe(alone);
});

test('other seeds have other histories', async () => {
  const hashes = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => hashOfWorld(random(seed))));
  expect(new Set(hashes).size).toBe(6);
});

test.each([11, 12, 13])('the faults of seed %i are a plan that repeats it', async (seed) => {
  const { strikes } = await runWorld(random(seed));
  expect(strikes.length).toBeGreaterThan(5);
  const planned = await hashOfWorld({ seed, faults: { kind: 'plan', strikes } });
  expect(planned).toBe(await hashOfWorld(random(seed)));
});
