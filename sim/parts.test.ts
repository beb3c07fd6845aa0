/** Clock, chance, faults, options: what worlds are made of. */
import { expect, test } from 'vitest';
import { SimClock } from './clock.ts';
import { Faults } from './faults.ts';
import { BadUsage, readOptions } from './options.ts';
import { Rng } from './rng.ts';
import { runWorld } from './run.ts';
import { shrink } from './shrink.ts';
import { Timeline } from './timeline.ts';
import type { World, WorldOptions } from './world.ts';

test('time passes event by event, in order, and what was promised settles in between', async () => {
  const clock = new SimClock(0);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b at ${clock.now}`));
  clock.after(10, () => {
    seen.push(`a at ${clock.now}`);
    void clock.sleep(10).then(async () => {
      await Promise.resolve();
      seen.push(`c at ${clock.now}`);
    });
  });
  clock.after(20.4, () => seen.push(`d at ${clock.now}`));
  clock.after(50, () => seen.push('too late'));
  await clock.run(40, () => {});
  expect(seen).toEqual(['a at 10', 'b at 20', 'd at 20', 'c at 20']);
});

test('the heap keeps thousands of events in order', async () => {
  const clock = new SimClock(0);
  const rng = Rng.of(1, 'heap');
  const seen: number[] = [];
  for (let nth = 0; nth < 3_000; nth += 1) clock.after(rng.between(0, 1_000), () => seen.push(clock.now));
  await clock.run(2_000, () => {});
  expect(seen).toHaveLength(3_000);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});

test('streams repeat, and differ by name and seed', () => {
  const draw = (seed: number, name: string) => Array.from({ length: 5 }, () => Rng.of(seed, name).next());
  expect(draw(1, 'a')).toEqual(draw(1, 'a'));
  expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
});

test('a stream is even', () => {
  const rng = Rng.of(3, 'even');
  const mean = Array.from({ length: 10_000 }, () => rng.next()).reduce((sum, one) => sum + one, 0) / 10_000;
  expect(mean).toBeGreaterThan(0.48);
  expect(mean).toBeLessThan(0.52);
});

test('a plan strikes exactly when it says, and nothing once faults are over', () => {
  const faults = new Faults(1, { kind: 'plan', strikes: [{ fault: 'boot-failed', nth: 1 }] });
  expect([0, 1, 2].map(() => faults.strike('boot-failed') !== undefined)).toEqual([false, true, false]);
  expect(faults.strike('boot-slow')).toBeUndefined();
  const endless = new Faults(1, { kind: 'rule', rule: () => true });
  expect(endless.strike('boot-slow')).toBeDefined();
  endless.stop();
  expect(endless.strike('boot-slow')).toBeUndefined();
});

test('the extent of a strike is its own, whatever else strikes', () => {
  const strikes = [0, 1, 2].map((nth) => ({ fault: 'webhook-late', nth }) as const);
  const extentOfLast = (some: typeof strikes) => {
    const faults = new Faults(7, { kind: 'plan', strikes: some });
    return [0, 1, 2].map(() => faults.strike('webhook-late')?.next()).at(-1);
  };
  expect(extentOfLast(strikes)).toBe(extentOfLast(strikes.slice(2)));
});

test('a timeline tells what was there then', () => {
  const timeline = new Timeline<string>();
  timeline.note('a', 10, 'pending');
  timeline.note('a', 20, 'running');
  expect([5, 10, 15, 25].map((time) => timeline.stateAt('a', time))).toEqual([
    undefined,
    'pending',
    'pending',
    'running',
  ]);
});

test.each([['--seeds', '0'], ['--seeds', 'many'], ['--burst', '1.5'], ['--no-such-option'], ['file']])(
  '%s %s is bad usage',
  (...args) => {
    expect(() => readOptions(args)).toThrow(BadUsage);
  },
);

test('options have their defaults', () => {
  expect(readOptions([])).toMatchObject({ seeds: 1_000, trace: false });
  expect(readOptions(['--seed', '5'])).toMatchObject({ seed: 5, seeds: 1 });
});

test('shrinking leaves the faults that matter', async () => {
  const strikes = [
    { fault: 'webhook-duplicate', nth: 0 },
    { fault: 'boot-failed', nth: 0 },
    { fault: 'queue-late', nth: 3 },
    { fault: 'boot-failed', nth: 2 },
  ] as const;
  let world: World | undefined;
  const options: WorldOptions = {
    seed: 4,
    faults: { kind: 'plan', strikes },
    script: (made) => {
      world = made;
    },
    // As if a failed boot were no reason to launch again.
    onHappening: (happening) => {
      if (happening.kind === 'fault' && happening.fault === 'boot-failed') world?.excuse('not so', -1);
    },
  };
  const failed = await runWorld(options);
  expect(failed.violations[0]?.invariant).toBe('no launch without a reason');
  const { strikes: least } = await shrink(options, failed);
  expect(least.map(({ fault }) => fault)).toEqual(['boot-failed']);
});
