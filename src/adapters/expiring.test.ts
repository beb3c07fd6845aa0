import { expect, test } from 'vitest';
import { expiring } from './expiring.ts';

function kept() {
  const world = { now: 0, reads: 0, fails: false };
  const value = expiring({
    lifeMs: 100,
    clock: () => world.now,
    read: async () => {
      world.reads += 1;
      if (world.fails) throw new Error('down');
      return world.reads;
    },
  });
  return { world, value };
}

test('is read once for its life, also by many at a time', async () => {
  const { world, value } = kept();
  expect(await Promise.all([value.get(), value.get()])).toEqual([1, 1]);
  world.now = 99;
  expect(await value.get()).toBe(1);
  world.now = 100;
  expect(await value.get()).toBe(2);
});

test('a failure is not kept; what was read before serves meanwhile', async () => {
  const { world, value } = kept();
  world.fails = true;
  await expect(value.get()).rejects.toThrow('down');
  expect(value.last()).toBeUndefined();
  world.fails = false;
  expect(await value.get()).toBe(2);
  world.now = 100;
  world.fails = true;
  expect(await value.get()).toBe(2);
  expect(world.reads).toBe(3);
  world.fails = false;
  expect(await value.get()).toBe(4);
  expect(value.last()).toBe(4);
});
