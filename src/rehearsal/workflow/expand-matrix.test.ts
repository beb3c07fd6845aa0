import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expandMatrix } from './expand-matrix.ts';
import type { Plain } from './workflow.ts';

const valuesOf = (matrix: Plain) => expandMatrix(matrix).map(({ values }) => values);
const shownOf = (matrix: Plain) => expandMatrix(matrix).map(({ shown }) => shown.join(', '));

test('the last axis turns fastest', () => {
  expect(shownOf({ os: ['a', 'b'], n: [1, 2] })).toEqual(['a, 1', 'a, 2', 'b, 1', 'b, 2']);
});

test("include: the example of GitHub's documentation", () => {
  const matrix: Plain = {
    fruit: ['apple', 'pear'],
    animal: ['cat', 'dog'],
    include: [
      { color: 'green' },
      { color: 'pink', animal: 'cat' },
      { fruit: 'apple', shape: 'circle' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ],
  };
  expect(valuesOf(matrix)).toEqual([
    { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
    { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
    { fruit: 'pear', animal: 'cat', color: 'pink' },
    { fruit: 'pear', animal: 'dog', color: 'green' },
    { fruit: 'banana' },
    { fruit: 'banana', animal: 'cat' },
  ]);
  expect(shownOf(matrix)).toEqual(['apple, cat', 'apple, dog', 'pear, cat', 'pear, dog', 'banana', 'banana, cat']);
});

test('include without axes: one job each', () => {
  expect(valuesOf({ include: [{ site: 'a' }, { site: 'a', x: 1 }] })).toEqual([{ site: 'a' }, { site: 'a', x: 1 }]);
});

test.each([
  ['a part of the axes', [{ n: 2 }], ['a, 1', 'b, 1']],
  ['all axes', [{ os: 'a', n: 2 }], ['a, 1', 'b, 1', 'b, 2']],
  ['other types and case', [{ os: 'A', n: '2' }], ['a, 1', 'b, 1', 'b, 2']],
  ['nothing', [{ os: 'c' }], ['a, 1', 'a, 2', 'b, 1', 'b, 2']],
])('exclude fits %s', (_what, exclude, left) => {
  expect(shownOf({ os: ['a', 'b'], n: [1, 2], exclude })).toEqual(left);
});

test('exclude comes before include', () => {
  const matrix = { n: [1, 2], exclude: [{ n: 2 }], include: [{ n: 2, x: true }] };
  expect(valuesOf(matrix)).toEqual([{ n: 1 }, { n: 2, x: true }]);
});

test('nested values: filters need to fit in part, names show the leaves', () => {
  const matrix = {
    os: [
      { name: 'a', v: 1 },
      { name: 'b', v: 2 },
    ],
    exclude: [{ os: { v: 1 } }],
  };
  expect(valuesOf(matrix)).toEqual([{ os: { name: 'b', v: 2 } }]);
  expect(shownOf(matrix)).toEqual(['b, 2']);
});

test.each([
  [{}, 'at least one vector'],
  [{ include: [] }, 'at least one vector'],
  [{ n: [] }, 'strategy.matrix.n: the list is empty'],
  [{ n: 'x' }, 'strategy.matrix.n: expected a list'],
  [{ n: [1], exclude: [{ m: 1 }] }, "strategy.matrix.exclude: 'm' is not in the matrix"],
  [{ n: [1], include: [{}] }, 'strategy.matrix.include'],
  [{ n: [1], include: 'x' }, 'strategy.matrix.include: expected a list'],
  ['x', 'strategy.matrix: expected a mapping'],
  [{ a: Array(17).fill(1), b: Array(16).fill(1) }, '272 jobs, GitHub allows 256'],
  [Object.fromEntries([...'abcdefgh'].map((key) => [key, Array(10).fill(1)])), 'combinations are too many'],
])('%j is refused', (matrix, message) => {
  expect(() => expandMatrix(matrix as Plain)).toThrow(message);
});

const axis = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 });
const axes = fc.dictionary(fc.constantFrom('a', 'b', 'c'), axis, { minKeys: 1, maxKeys: 3 });

test('the number of jobs is the product of the axes, and no two are the same', () => {
  fc.assert(
    fc.property(axes, (matrix) => {
      const jobs = valuesOf(matrix).map((values) => JSON.stringify(values));
      expect(jobs.length).toBe(Object.values(matrix).reduce((product, values) => product * values.length, 1));
      expect(new Set(jobs).size).toBe(jobs.length);
    }),
  );
});

test('excluding a value of an axis takes exactly the jobs with that value; including a new one adds one job', () => {
  fc.assert(
    fc.property(axes, (matrix) => {
      const [name, values] = Object.entries(matrix)[0] as [string, number[]];
      const all = expandMatrix(matrix).length;
      expect(expandMatrix({ ...matrix, exclude: [{ [name]: values[0] as number }] }).length).toBe(
        all - all / values.length,
      );
      expect(expandMatrix({ ...matrix, include: [{ [name]: 10 }, { extra: 1 }] }).length).toBe(all + 1);
    }),
  );
});
