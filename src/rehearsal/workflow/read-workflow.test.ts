import { expect, test } from 'vitest';
import { CodedError } from '../../core/codes.ts';
import { readWorkflow } from './read-workflow.ts';

const fault = (text: string): Promise<CodedError> =>
  readWorkflow('ci.yml', text).then(
    () => expect.unreachable('the workflow was accepted'),
    (error) => error,
  );

const withJob = (...lines: string[]) =>
  ['on: push', 'jobs:', '  a:', '    runs-on: x', ...lines.map((line) => `    ${line}`)].join('\n');
const withStep = (...lines: string[]) => withJob('steps:', '  - run: x', ...lines.map((line) => `    ${line}`));

test('a block scalar with an expression loses the indentation of the file', async () => {
  const { jobs } = await readWorkflow('ci.yml', withStep('name: n', 'env:', '  T: |', `    a \${{ 1 }}`, '      b'));
  expect(jobs[0]?.steps[0]?.env).toEqual({ T: `a \${{ 1 }}\n  b\n` });
});

test('what the parser drops is read: shell, timeouts, defaults', async () => {
  const text = withStep('shell: sh', 'timeout-minutes: 2').replace(
    '    steps:',
    '    timeout-minutes: 7\n    defaults: { run: { shell: bash, working-directory: w } }\n    steps:',
  );
  const { jobs } = await readWorkflow('ci.yml', text);
  expect(jobs[0]).toMatchObject({
    timeoutMinutes: 7,
    defaults: { shell: 'bash', workingDirectory: 'w' },
    steps: [{ run: 'x', shell: 'sh', timeoutMinutes: 2 }],
  });
});

test('a name that is missing is that of the file', async () => {
  expect(await readWorkflow('ci.yml', withStep())).toMatchObject({ name: 'ci.yml' });
  expect(await readWorkflow('ci.yml', `name: CI\n${withStep()}`)).toMatchObject({ name: 'CI' });
});

test('aliases are followed, also where something is refused', async () => {
  const text = `${withJob('steps: &steps', '  - run: x', '    env: &env { A: b }', '    shell: sh')}
  b:
    runs-on: x
    env: *env
    steps: *steps`;
  const { jobs } = await readWorkflow('ci.yml', text.replace('    env: *env\n', '    env: { A: c }\n'));
  expect(jobs[1]?.steps).toEqual(jobs[0]?.steps);
  expect((await fault(text.replace('shell: sh', 'shell: pwsh'))).message).toContain("job 'b': `shell: pwsh`");
});

test('every error is listed, with its line and column', async () => {
  const { reason, message } = await fault(withStep('nane: n', 'env: [1]').replace('on: push', 'on: pusch'));
  expect(reason).toBe('workflow-invalid');
  expect(message).toContain('MF2004');
  expect(message).toContain("ci.yml:1:5 Unexpected value 'pusch'");
  expect(message).toContain("ci.yml:7:9 Unexpected value 'nane'");
  expect(message).toContain('ci.yml:8:14 A sequence was not expected');
});

test.each([
  ['an unknown key of a job', withJob('step: []'), "ci.yml:5:5 Unexpected value 'step'"],
  ['an expression that does not parse', withStep(`name: \${{ github. }}`), 'ci.yml:7:15 '],
  ['a context that is not known there', withJob(`name: \${{ steps.x }}`, 'steps: [{ run: x }]'), 'ci.yml:5:11 '],
  ['a need that does not exist', withJob('needs: zz', 'steps: [{ run: x }]'), 'ci.yml:'],
  ['a condition that does not parse', withStep('if: a =='), 'ci.yml:7:13 '],
  ['two steps with one id', withStep('id: i').concat('\n      - run: y\n        id: i'), 'ci.yml:9:13 '],
  ['YAML that is none', 'on: [push\njobs: {}', 'ci.yml:'],
  ['an empty file', '', 'ci.yml:1:1 '],
])('%s', async (_what, text, message) => {
  const error = await fault(text);
  expect(error).toBeInstanceOf(CodedError);
  expect(error.reason).toBe('workflow-invalid');
  expect(error.message).toContain(message);
});

test.each([
  [
    'uses of a job',
    'on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml',
    "ci.yml:4:5 job 'a': reusable workflows",
  ],
  ['container', withJob('container: debian', 'steps: [{ run: x }]'), "ci.yml:5:5 job 'a': `container`"],
  ['services', withJob('services: { db: { image: x } }', 'steps: [{ run: x }]'), "ci.yml:5:5 job 'a': `services`"],
  ['concurrency', withJob('concurrency: x', 'steps: [{ run: x }]'), "ci.yml:5:5 job 'a': `concurrency`"],
  ['shell', withStep('shell: pwsh'), "ci.yml:7:16 job 'a': `shell: pwsh`"],
  ['a shell of its own', withStep('shell: bash -e {0}'), "ci.yml:7:16 job 'a': `shell: bash -e {0}`"],
  ['default shell', `defaults: { run: { shell: python } }\n${withStep()}`, 'ci.yml:1:27 the workflow: `shell: python`'],
  [
    'default shell of a job',
    withJob('defaults: { run: { shell: cmd } }', 'steps: [{ run: x }]'),
    "job 'a': `shell: cmd`",
  ],
  ['the workspace', withStep(`env: { A: "\${{ github.workspace }}/x" }`), "ci.yml:7:19 job 'a': `github.workspace`"],
  ['a runner path in a condition', withStep("if: runner.temp != ''"), "ci.yml:7:13 job 'a': `runner.temp`"],
  ['set-output', withJob('steps:', '  - run: echo "::set-output name=x::y"'), 'write to $GITHUB_OUTPUT'],
  ['computed keys', withStep(`env: { "\${{ github.ref }}": x }`), 'as a key is not supported'],
])('%s is refused by name and place', async (_what, text, message) => {
  const error = await fault(text);
  expect(error.reason).toBe('workflow-unsupported');
  expect(error.message).toContain(message);
});

test('all that is refused is listed', async () => {
  const error = await fault(
    withJob('container: x', 'services: { db: { image: x } }', 'steps: [{ run: x, shell: pwsh }]'),
  );
  expect(error.message.match(/ci\.yml:/g)).toHaveLength(3);
});

test('what changes nothing is accepted', async () => {
  const text = `run-name: r\npermissions: {}\nconcurrency: c\n${withJob(
    'environment: production',
    'permissions: write-all',
    'steps:',
    '  - uses: actions/checkout@v4',
    `    with: { path: "\${{ github.workspace }}/x" }`,
  )}`;
  expect((await readWorkflow('ci.yml', text)).jobs).toHaveLength(1);
});

test('inputs are what workflow_dispatch has for defaults', async () => {
  const inputs = '{ level: { default: high }, dry: { type: boolean }, n: { type: number, default: 2 } }';
  const text = withStep().replace('on: push', `on: { workflow_dispatch: { inputs: ${inputs} } }`);
  expect((await readWorkflow('ci.yml', text)).inputs).toEqual({ level: 'high', dry: false, n: 2 });
});
