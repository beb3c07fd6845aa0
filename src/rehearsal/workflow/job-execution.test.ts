import { expect, test } from 'vitest';
import { runJob, runOf, stepResult } from './test-support.ts';
import type { StepResult } from './types.ts';

/** A workflow of one job `a`, given from below `a:`, with its steps at the end; started, the job queued. */
async function started(...lines: string[]) {
  const run = await runOf(
    ['on: push', 'jobs:', '  a:', '    runs-on: x', ...lines.map((line) => `    ${line}`)].join('\n'),
  );
  run.start();
  return run;
}

const steps = (...lines: string[]) => ['steps:', ...lines.map((line) => `  ${line}`)];
const job = (run: Awaited<ReturnType<typeof started>>) => run.jobs[0];
const stepsOf = (run: Awaited<ReturnType<typeof started>>) =>
  job(run)
    ?.steps.slice(1, -1)
    .map(({ name, conclusion }) => `${name}: ${conclusion}`);

/** Runs the job; the results are those of the executed steps in turn, success after the last. */
function execute(run: Awaited<ReturnType<typeof started>>, ...results: Partial<StepResult>[]) {
  const commands = runJob(run, 'a', () => stepResult(results.shift()));
  run.finishJob('a', 'ran');
  return commands;
}

test('steps are listed once the job starts, between set-up and completion', async () => {
  const run = await started(...steps('- run: |', '', '    echo hello', '    exit', '- name: Second', '  run: x'));
  expect(job(run)?.steps).toEqual([]);
  run.startJob('a', { name: 'r' });
  expect(run.nextStep('a')).toMatchObject({ number: 2, name: 'Run echo hello', script: '\necho hello\nexit\n' });
  expect(job(run)?.steps).toEqual([
    { number: 1, name: 'Set up job', status: 'completed', conclusion: 'success' },
    { number: 2, name: 'Run echo hello', status: 'in_progress' },
    { number: 3, name: 'Second', status: 'queued' },
    { number: 4, name: 'Complete job', status: 'queued' },
  ]);
});

test('a step that is asked for again is the same, and a result that is told again changes nothing', async () => {
  const run = await started(...steps('- run: x', '- run: y'));
  run.startJob('a', { name: 'r' });
  expect(run.nextStep('a')).toBe(run.nextStep('a'));
  run.finishStep('a', stepResult());
  run.finishStep('a', stepResult({ exitCode: 1 }));
  expect(run.nextStep('a')?.script).toBe('y');
});

test('shell, directory and timeout: the step wins over the job, the job over the workflow', async () => {
  const run = await runOf(`on: push
defaults: { run: { shell: bash, working-directory: w } }
jobs:
  a:
    runs-on: x
    timeout-minutes: 3
    defaults: { run: { working-directory: "\${{ github.job }}" } }
    steps:
      - run: x
      - { run: x, shell: sh, working-directory: /tmp, timeout-minutes: 0.5 }
      - { run: x, timeout-minutes: 10 }`);
  run.start();
  const [first, second, third] = execute(run);
  expect(first).toMatchObject({ shell: 'bash', shellNamed: true, workingDirectory: 'a', timeoutMs: 180_000 });
  expect(second).toMatchObject({ shell: 'sh', shellNamed: true, workingDirectory: '/tmp', timeoutMs: 30_000 });
  expect(third?.timeoutMs).toBe(180_000);
});

test('without any of them: bash, the workspace, six hours', async () => {
  const [command] = execute(await started(...steps('- run: x')));
  expect(command).toMatchObject({ shell: 'bash', shellNamed: false, timeoutMs: 360 * 60_000 });
  expect(command).not.toHaveProperty('workingDirectory');
});

test('env: step over GITHUB_ENV over job over workflow, and GITHUB_ variables over all', async () => {
  const run = await runOf(`on: push
env: { A: workflow, B: workflow, C: workflow, D: workflow, GITHUB_SHA: forged }
jobs:
  a:
    runs-on: x
    env: { B: job, C: job, D: job, N: 5 }
    steps:
      - run: x
      - run: "\${{ env.A }} \${{ env.C }} \${{ env.D }}"
        env: { D: "step \${{ env.D }}" }`);
  run.start();
  const [first, second] = execute(run, { envFile: 'C=file\nD=file\nM<<EOF\n1\n2\nEOF\n' });
  expect(first?.env).toMatchObject({ A: 'workflow', B: 'job', C: 'job', N: '5' });
  expect(second?.env).toMatchObject({ A: 'workflow', B: 'job', C: 'file', D: 'step file', M: '1\n2' });
  expect(second?.script).toBe('workflow file step file');
  expect(second?.env.GITHUB_SHA).toBe('d6fde92930d4715a2b49857d24b940956b26d2d3');
});

test('the variables that every step has', async () => {
  const [command] = execute(await started(...steps('- run: x')));
  expect(command?.env).toEqual({
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'octo-org',
    GITHUB_API_URL: 'https://api.github.example',
    GITHUB_BASE_REF: '',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_HEAD_REF: '',
    GITHUB_JOB: 'a',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_REF_PROTECTED: 'false',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: 'octo-org/app',
    GITHUB_REPOSITORY_OWNER: 'octo-org',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_NUMBER: '7',
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_SHA: 'd6fde92930d4715a2b49857d24b940956b26d2d3',
    GITHUB_TRIGGERING_ACTOR: 'octo-org',
    GITHUB_WORKFLOW: 'test.yml',
    RUNNER_NAME: 'runner of a',
    RUNNER_OS: 'Linux',
  });
});

test('paths and outputs go to the steps after', async () => {
  const run = await started(...steps('- { id: s, run: x }', `- run: "\${{ steps.s.outputs.v }}!"`));
  const [first, second] = execute(run, { pathFile: '/a\n/b\n', outputFile: 'v<<E\n1\n2\nE\n' });
  expect(first?.path).toEqual([]);
  expect(second).toMatchObject({ path: ['/b', '/a'], script: '1\n2!' });
});

test('after a failure only those run that ask for it', async () => {
  const run = await started(
    ...steps(
      '- run: a',
      '- run: b',
      '- { run: c, if: failure() }',
      '- { run: d, if: always() }',
      '- { run: e, if: "!cancelled()" }',
    ),
  );
  expect(execute(run, { exitCode: 3 }).map(({ script }) => script)).toEqual(['a', 'c', 'd', 'e']);
  expect(stepsOf(run)).toEqual([
    'Run a: failure',
    'Run b: skipped',
    'Run c: success',
    'Run d: success',
    'Run e: success',
  ]);
  expect(job(run)).toMatchObject({ status: 'completed', conclusion: 'failure' });
});

test('continue-on-error: the outcome is a failure, the conclusion a success', async () => {
  const shown = `- run: "\${{ steps.s.outcome }} \${{ steps.s.conclusion }} \${{ job.status }}"`;
  const run = await started(...steps('- { id: s, run: a, continue-on-error: true }', shown));
  expect(execute(run, { exitCode: 1 })[1]?.script).toBe('failure success success');
  expect(stepsOf(run)?.[0]).toBe('Run a: success');
  expect(job(run)?.conclusion).toBe('success');
});

test('continue-on-error can be an expression', async () => {
  const run = await started(...steps(`- { run: a, continue-on-error: "\${{ github.ref_name == 'main' }}" }`));
  execute(run, { exitCode: 1 });
  expect(job(run)?.conclusion).toBe('success');
});

test('actions are marked, not run, and fail nothing', async () => {
  const run = await started(...steps('- uses: actions/checkout@v4', '- { uses: ./x, if: failure() }', '- run: x'));
  expect(execute(run)).toHaveLength(1);
  const [, checkout, own] = job(run)?.steps ?? [];
  expect(checkout).toEqual({
    number: 2,
    name: 'Run actions/checkout@v4',
    status: 'completed',
    conclusion: 'skipped',
    note: 'The rehearsal runs no actions (`uses`).',
  });
  expect(own).not.toHaveProperty('note');
  expect(job(run)?.conclusion).toBe('success');
});

test.each([
  [`name: "\${{ fromJSON(github.ref) }}"`, `\${{ fromJSON(github.ref) }}: Error parsing JSON`],
  ['if: fromJSON(github.ref)', `\${{ fromJSON(github.ref) }}: Error parsing JSON`],
  [`timeout-minutes: "\${{ github.ref }}"`, 'timeout-minutes: expected a number'],
  [`env: "\${{ fromJSON('1') }}"`, 'env: expected a mapping'],
])('a step with %s fails with a note, and what always runs runs', async (line, note) => {
  const run = await started(...steps('- run: x', `  ${line}`, '- { run: last, if: always() }'));
  expect(execute(run).map(({ script }) => script)).toEqual(['last']);
  expect(job(run)?.steps[1]).toMatchObject({ conclusion: 'failure', note: expect.stringContaining(note) });
  expect(job(run)?.conclusion).toBe('failure');
});

test.each([
  [{ envFile: 'nonsense' }, "GITHUB_ENV: invalid format 'nonsense'"],
  [{ outputFile: 'a<<E' }, "GITHUB_OUTPUT: the delimiter 'E'"],
  [{ envFile: 'NODE_OPTIONS=x' }, 'GITHUB_ENV: NODE_OPTIONS can not be set'],
  [{ exitCode: 143, timedOut: true }, 'The step was ended at its timeout.'],
])('a step that ends with %j fails with a note', async (result, note) => {
  const run = await started(...steps('- run: x'));
  execute(run, result);
  expect(job(run)?.steps[1]).toMatchObject({ conclusion: 'failure', note: expect.stringContaining(note) });
});

test('env can be an expression that makes a mapping', async () => {
  const run = await started(
    `env: "\${{ fromJSON('{\\"A\\": 1}') }}"`,
    ...steps('- run: x', `  env: "\${{ fromJSON('{\\"B\\": 2}') }}"`),
  );
  expect(execute(run)[0]?.env).toMatchObject({ A: '1', B: '2' });
});

test('a job whose env is wrong runs nothing', async () => {
  const run = await started(`env: { A: "\${{ fromJSON(github.ref) }}" }`, ...steps('- { run: x, if: always() }'));
  expect(execute(run)).toEqual([]);
  expect(job(run)?.steps[0]).toMatchObject({ conclusion: 'failure', note: expect.stringContaining('fromJSON') });
  expect(job(run)?.conclusion).toBe('failure');
});

test('a job whose outputs are wrong fails at its end', async () => {
  const run = await started(`outputs: { o: "\${{ fromJSON(github.ref) }}" }`, ...steps('- run: x'));
  execute(run);
  expect(job(run)?.steps.at(-1)).toMatchObject({ conclusion: 'failure', note: expect.stringContaining('fromJSON') });
  expect(job(run)?.conclusion).toBe('failure');
});

test('a cancelled job: the step in progress is cancelled, then only those run that ask for it', async () => {
  const run = await started(
    ...steps('- run: a', '- run: b', '- { run: c, if: cancelled() }', '- { run: d, if: failure() }'),
  );
  run.startJob('a', { name: 'r' });
  run.nextStep('a');
  expect(run.cancel()).toMatchObject([{ kind: 'cancel' }]);
  run.finishStep('a', stepResult({ exitCode: 143 }));
  expect(run.nextStep('a')?.script).toBe('c');
  run.finishStep('a', stepResult());
  expect(run.nextStep('a')).toBeUndefined();
  expect(run.finishJob('a', 'cancelled')).toMatchObject([{ kind: 'completed' }]);
  expect(stepsOf(run)).toEqual(['Run a: cancelled', 'Run b: skipped', 'Run c: success', 'Run d: skipped']);
  expect(job(run)?.conclusion).toBe('cancelled');
  expect(run.conclusion).toBe('cancelled');
});

test.each([
  ['timed-out', 'cancelled', 'The job was ended at its timeout-minutes.'],
  ['cancelled', 'failure', 'The runner ended before the job did.'],
] as const)('a job that ends %s by itself is a %s', async (end, conclusion, note) => {
  const run = await started(...steps('- run: a', '- run: b'));
  run.startJob('a', { name: 'r' });
  run.nextStep('a');
  run.finishJob('a', end);
  expect(stepsOf(run)).toEqual(['Run a: cancelled', 'Run b: skipped']);
  expect(job(run)).toMatchObject({ conclusion });
  expect(job(run)?.steps.at(-1)).toMatchObject({ conclusion, note });
});
