import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runOf, runToEnd, stepResult } from './test-support.ts';

const example = (name: string) => readFileSync(`examples/workflows/${name}`, 'utf8');

test('rehearsal.yml: four jobs at a time, then one that prints what they wrote', async () => {
  const run = await runOf(example('rehearsal.yml'));
  expect(run.start()).toMatchObject(
    ['debian, unit', 'debian, browser', 'ubuntu, unit', 'ubuntu, browser'].map((values) => ({
      kind: 'queued',
      job: { key: `test (${values})`, labels: ['self-hosted', 'linux', 'x64'], timeoutMs: 300_000 },
    })),
  );
});

test('rehearsal.yml: outputs of all four arrive', async () => {
  const run = await runOf(example('rehearsal.yml'));
  let printed = '';
  runToEnd(run, ({ script, env }, key) => {
    if (key === 'after') printed = env.OUTPUTS ?? '';
    const [, written = ''] = /^echo "([^"]*)" >> "\$GITHUB_OUTPUT"$/.exec(script) ?? [];
    return stepResult({ outputFile: `${written}\n` });
  });
  expect(JSON.parse(printed)).toEqual({
    'debian-unit': 'passed as job 0',
    'debian-browser': 'passed as job 1',
    'ubuntu-unit': 'passed as job 2',
    'ubuntu-browser': 'passed as job 3',
  });
  expect(run.conclusion).toBe('success');
});

test('failing.yml: the clean-up runs all the same', async () => {
  const run = await runOf(example('failing.yml'));
  const scripts: string[] = [];
  runToEnd(run, ({ name, script }) => {
    scripts.push(script);
    return stepResult({ exitCode: name === 'Fail' ? 3 : 0 });
  });
  expect(run.jobs.map(({ key, conclusion }) => [key, conclusion])).toEqual([
    ['build', 'failure'],
    ['deploy', 'skipped'],
    ['cleanup', 'success'],
  ]);
  expect(scripts.at(-1)).toBe('echo "build failure, deploy skipped"');
  expect(scripts).not.toContain('echo "never printed"');
});
