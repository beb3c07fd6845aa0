import { expect, test } from 'vitest';
import { runOf } from './test-support.ts';

/** The jobs of a run whose only job `test` has these keys, before it starts. */
const jobsOf = async (keys: string) => {
  const text = `on: push\njobs:\n  test: { steps: [{ run: x }], ${keys} }`;
  return (await runOf(text)).jobs;
};

test.each([
  ['runs-on: linux', ['linux'], undefined],
  ['runs-on: [self-hosted, linux, x64]', ['self-hosted', 'linux', 'x64'], undefined],
  ['runs-on: { group: big }', [], 'big'],
  ['runs-on: { group: big, labels: gpu }', ['gpu'], 'big'],
  ['runs-on: { labels: [gpu, x64] }', ['gpu', 'x64'], undefined],
  [`runs-on: "\${{ github.ref_name }}"`, ['main'], undefined],
  [`runs-on: ["self-hosted", "\${{ github.ref_name }}"]`, ['self-hosted', 'main'], undefined],
  [`runs-on: "\${{ fromJSON('[\\"a\\", \\"b\\"]') }}"`, ['a', 'b'], undefined],
])('%s', async (keys, labels, group) => {
  expect(await jobsOf(keys)).toMatchObject([{ key: 'test', labels, group, status: 'pending' }]);
});

test('labels from the matrix', async () => {
  const jobs = await jobsOf(`strategy: { matrix: { os: [linux, mac] } }, runs-on: [x, "\${{ matrix.os }}"]`);
  expect(jobs.map(({ labels }) => labels)).toEqual([
    ['x', 'linux'],
    ['x', 'mac'],
  ]);
});

test('an empty label is no label', async () => {
  const run = await runOf(`on: push\njobs:\n  a: { steps: [{ run: x }], runs-on: "\${{ vars.NONE }}" }`);
  run.start();
  expect(run.jobs).toMatchObject([{ conclusion: 'failure', steps: [{ note: expect.stringContaining('runs-on') }] }]);
});

const MATRIX = 'runs-on: x, strategy: { matrix: { n: [1], os: [linux] } }';

test.each([
  ['runs-on: x', 'test', 'test'],
  ['runs-on: x, name: Unit tests', 'test', 'Unit tests'],
  ['runs-on: x, name: ""', 'test', 'test'],
  [MATRIX, 'test (1, linux)', 'test (1, linux)'],
  [`${MATRIX}, name: Unit`, 'test (1, linux)', 'Unit (1, linux)'],
  [`${MATRIX}, name: "Unit \${{ matrix.os }}"`, 'test (1, linux)', 'Unit linux'],
  [`runs-on: x, name: ${'n'.repeat(101)}`, 'test', `${'n'.repeat(97)}...`],
])('%s: key and name', async (keys, key, name) => {
  expect(await jobsOf(keys)).toMatchObject([{ key, name }]);
});

test('keys are never the same', async () => {
  const jobs = await jobsOf('runs-on: x, strategy: { matrix: { include: [{ a: 1 }, { b: 1 }] } }');
  expect(jobs.map(({ key, name }) => [key, name])).toEqual([
    ['test (1)', 'test (1)'],
    ['test (1) #2', 'test (1)'],
  ]);
});

test.each([
  ['', 360 * 60_000],
  ['timeout-minutes: 5', 300_000],
  [`timeout-minutes: "\${{ fromJSON('0.5') }}"`, 30_000],
])('timeout: %s', async (keys, timeoutMs) => {
  expect(await jobsOf(`runs-on: x, ${keys}`)).toMatchObject([{ timeoutMs }]);
});

test('the strategy context', async () => {
  const name = `name: "\${{ strategy.job-index }} of \${{ strategy.job-total }}, \${{ strategy.max-parallel }}, \${{ strategy.fail-fast }}"`;
  const jobs = await jobsOf(`runs-on: x, ${name}, strategy: { max-parallel: 1, matrix: { n: [1, 2] } }`);
  expect(jobs.map((job) => job.name)).toEqual(['0 of 2, 1, true', '1 of 2, 1, true']);
});
