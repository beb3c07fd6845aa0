import { expect, test } from 'vitest';
import { runJob, runOf, runToEnd, stepResult } from './test-support.ts';
import type { JobChange, WorkflowRun } from './types.ts';

/** Jobs in short: `id: { keys }`, each with one step `x` unless it is given. */
const workflow = (jobs: Record<string, string>, head = '') =>
  `on: push\n${head}\njobs:\n${Object.entries(jobs)
    .map(([id, keys]) => `  ${id}: { runs-on: x, ${keys.includes('steps:') ? keys : `${keys} steps: [{ run: x }]`} }`)
    .join('\n')}`;

const shown = (changes: readonly JobChange[]) =>
  changes.map(({ kind, job }) => `${kind} ${job.key}${job.conclusion ? ` ${job.conclusion}` : ''}`);
const results = (run: WorkflowRun) => run.jobs.map(({ key, conclusion }) => `${key}: ${conclusion}`);
/** Executes all steps with success, but those whose job is named, which exit with 1. */
const failing =
  (...keys: string[]) =>
  (_command: unknown, key: string) =>
    stepResult({ exitCode: keys.includes(key) ? 1 : 0 });
const finish = (run: WorkflowRun, key: string, exitCode = 0) => {
  runJob(run, key, () => stepResult({ exitCode }));
  return shown(run.finishJob(key, 'ran'));
};

test('a job waits for its needs', async () => {
  const run = await runOf(workflow({ c: 'needs: [a, b],', a: '', b: '' }));
  expect(shown(run.start())).toEqual(['queued a', 'queued b']);
  expect(run.jobs.map(({ key, status }) => `${key} ${status}`)).toEqual(['c pending', 'a queued', 'b queued']);
  expect(finish(run, 'a')).toEqual(['completed a success']);
  expect(finish(run, 'b')).toEqual(['completed b success', 'queued c']);
  expect(run.conclusion).toBeUndefined();
  finish(run, 'c');
  expect(run.conclusion).toBe('success');
});

test('results and outputs of needs', async () => {
  const a = `outputs: { v: "\${{ steps.s.outputs.v }}", none: "\${{ steps.s.outputs.w }}" }, steps: [{ id: s, run: x }],`;
  const b = `needs: a, steps: [{ run: "\${{ needs.a.result }} \${{ needs.a.outputs.v }}\${{ needs.a.outputs.none }}" }],`;
  const run = await runOf(workflow({ a, b }));
  const scripts: string[] = [];
  runToEnd(run, ({ script }) => {
    scripts.push(script);
    return stepResult({ outputFile: 'v=42\n' });
  });
  expect(scripts).toEqual(['x', 'success 42']);
});

test.each([
  ['', 'skipped'],
  ['if: "true",', 'skipped'],
  ['if: "needs.a.result == \'failure\'",', 'skipped'],
  ['if: always(),', 'success'],
  ['if: failure(),', 'success'],
  ['if: "!cancelled()",', 'success'],
  ['if: "always() && needs.a.result == \'failure\'",', 'success'],
  ['if: success(),', 'skipped'],
])('after a failure, a job with "%s" is a %s', async (condition, conclusion) => {
  const run = await runOf(workflow({ a: '', b: `needs: a, ${condition}` }));
  runToEnd(run, failing('a'));
  expect(results(run)).toEqual(['a: failure', `b: ${conclusion}`]);
  expect(run.conclusion).toBe('failure');
});

test('skipping goes on to all that come after, even past a job that ran all the same', async () => {
  const run = await runOf(workflow({ a: 'if: false,', b: 'needs: a,', c: 'needs: b, if: always(),', d: 'needs: c,' }));
  expect(runToEnd(run).map(({ key, conclusion }) => `${key} ${conclusion}`)).toEqual([
    'a skipped',
    'b skipped',
    'c success',
    'd skipped',
  ]);
});

test('a run whose jobs are all skipped is skipped', async () => {
  const run = await runOf(workflow({ a: "if: github.ref_name == 'other'," }));
  expect(shown(run.start())).toEqual(['completed a skipped']);
  expect(run.conclusion).toBe('skipped');
});

test('a failing job with continue-on-error is a success for needs and for the run', async () => {
  const run = await runOf(workflow({ a: 'continue-on-error: true,', b: 'needs: a,' }));
  runToEnd(run, failing('a'));
  expect(results(run)).toEqual(['a: failure', 'b: success']);
  expect(run.conclusion).toBe('success');
});

test('fail-fast: a failing job of a matrix ends its siblings, and no others', async () => {
  const run = await runOf(workflow({ m: 'strategy: { max-parallel: 3, matrix: { n: [1, 2, 3, 4] } },', o: '' }));
  run.start();
  run.startJob('m (2)', { name: 'r' });
  run.nextStep('m (2)');
  expect(finish(run, 'm (1)', 1)).toEqual([
    'completed m (1) failure',
    'cancel m (2)',
    'completed m (3) cancelled',
    'completed m (4) cancelled',
  ]);
  run.finishStep('m (2)', stepResult({ exitCode: 143 }));
  expect(shown(run.finishJob('m (2)', 'cancelled'))).toEqual(['completed m (2) cancelled']);
  expect(finish(run, 'o')).toEqual(['completed o success']);
  expect(run.conclusion).toBe('failure');
});

test.each([
  ['fail-fast: false', 'strategy: { fail-fast: false, matrix: { n: [1, 2] } },'],
  ['continue-on-error', 'strategy: { matrix: { n: [1, 2] } }, continue-on-error: true,'],
])('with %s the siblings go on', async (_what, keys) => {
  const run = await runOf(workflow({ m: keys }));
  runToEnd(run, failing('m (1)'));
  expect(results(run)).toEqual(['m (1): failure', 'm (2): success']);
});

test('max-parallel: as one ends, the next is queued', async () => {
  const run = await runOf(workflow({ m: 'strategy: { max-parallel: 2, matrix: { n: [1, 2, 3] } },' }));
  expect(shown(run.start())).toEqual(['queued m (1)', 'queued m (2)']);
  expect(finish(run, 'm (2)')).toEqual(['completed m (2) success', 'queued m (3)']);
  expect(finish(run, 'm (1)')).toEqual(['completed m (1) success']);
});

test('a matrix is one job to those that need it; its outputs come together, and empty ones overwrite nothing', async () => {
  const m = `strategy: { matrix: { n: [1, 2] } }, outputs: { v1: "\${{ steps.s.outputs.v1 }}", v2: "\${{ steps.s.outputs.v2 }}", last: "\${{ matrix.n }}" }, steps: [{ id: s, run: "\${{ matrix.n }}" }],`;
  const run = await runOf(workflow({ m, after: `needs: m, steps: [{ run: "\${{ toJSON(needs.m) }}" }],` }));
  let printed = '';
  runToEnd(run, ({ script }, key) => {
    if (key === 'after') printed = script;
    return stepResult({ outputFile: `v${script}=${script}\n` });
  });
  expect(JSON.parse(printed)).toEqual({ result: 'success', outputs: { v1: '1', v2: '2', last: '2' } });
});

test('a matrix made by the job before', async () => {
  const a = `outputs: { list: "\${{ steps.s.outputs.list }}" }, steps: [{ id: s, run: x }],`;
  const b = `needs: a, strategy: { matrix: { n: "\${{ fromJSON(needs.a.outputs.list) }}" } },`;
  const run = await runOf(workflow({ a, b }));
  expect(run.jobs.map(({ key }) => key)).toEqual(['a', 'b']);
  run.start();
  runJob(run, 'a', () => stepResult({ outputFile: 'list=["x", "y"]\n' }));
  expect(shown(run.finishJob('a', 'ran'))).toEqual(['completed a success', 'queued b (x)', 'queued b (y)']);
});

test.each([
  ['a matrix', 'strategy: { matrix: { n: [] } },', 'strategy.matrix.n: the list is empty'],
  ['a matrix from nothing', `strategy: { matrix: "\${{ fromJSON('[1]') }}" },`, 'strategy.matrix: expected a mapping'],
  ['a condition', 'if: fromJSON(github.ref),', 'Error parsing JSON'],
  ['a timeout', `timeout-minutes: "\${{ github.ref }}",`, 'timeout-minutes: expected a number'],
])('a job that is wrong in %s fails with a note', async (_what, keys, note) => {
  const run = await runOf(workflow({ a: keys, b: 'needs: a, if: always(),' }));
  expect(shown(run.start())).toEqual(['completed a failure', 'queued b']);
  expect(run.jobs[0]?.steps).toMatchObject([{ name: 'Set up job', note: expect.stringContaining(note) }]);
});

test('a matrix that excludes all of itself is skipped', async () => {
  const run = await runOf(workflow({ m: 'strategy: { matrix: { n: [1], exclude: [{ n: 1 }] } },' }));
  expect(shown(run.start())).toEqual(['completed m skipped']);
});

test('cancel: what waits ends, what runs is told, what always runs runs', async () => {
  const run = await runOf(
    workflow({ a: '', b: '', c: 'needs: a,', d: 'needs: [a, b], if: always(),', e: 'if: always(),' }),
  );
  run.start();
  run.startJob('a', { name: 'r' });
  expect(shown(run.cancel())).toEqual(['cancel a', 'completed b cancelled']);
  expect(shown(run.cancel())).toEqual([]);
  expect(shown(run.finishJob('a', 'cancelled'))).toEqual(['completed a cancelled', 'completed c skipped', 'queued d']);
  finish(run, 'd');
  expect(run.conclusion).toBeUndefined();
  finish(run, 'e');
  expect(run.conclusion).toBe('cancelled');
});

test('a queued job that no runner took', async () => {
  const run = await runOf(workflow({ a: '' }));
  run.start();
  expect(shown(run.finishJob('a', 'cancelled'))).toEqual(['completed a cancelled']);
  expect(shown(run.finishJob('a', 'ran'))).toEqual([]);
  run.startJob('a', { name: 'r' });
  expect(run.nextStep('a')).toBeUndefined();
});

test('inputs of workflow_dispatch have their defaults', async () => {
  const text = workflow({ a: `steps: [{ run: "\${{ inputs.level }}" }],` }).replace(
    'on: push',
    'on: { workflow_dispatch: { inputs: { level: { default: high } } } }',
  );
  const run = await runOf(text, { event: 'workflow_dispatch' });
  run.start();
  expect(runJob(run, 'a')[0]?.script).toBe('high');
});

test('a job that the run does not have is a bug of the caller', async () => {
  const run = await runOf(workflow({ a: '' }));
  expect(() => run.startJob('b', { name: 'r' })).toThrow("the run has no job 'b'");
});
