import { expect, test } from 'vitest';
import { type Script, ScriptedBackend } from './scripted-backend.ts';
import { CLIENT_ID, type TestRunnerOptions, withRunner } from './start-test-runner.ts';

async function runJob(script: Script, options: TestRunnerOptions = {}) {
  const backend = new ScriptedBackend(script);
  let output = '';
  let code: unknown;
  await withRunner(backend, options, async (runner) => {
    code = await runner.ended;
    output = runner.output();
  });
  return { backend, output, code, log: backend.text };
}

test('a job that succeeds: markers, log, one session, exit 0', async () => {
  const { backend, output, code, log } = await runJob({ steps: [{ script: 'echo one\necho two >&2' }, {}] });
  expect(log).toBe('one\ntwo\n');
  expect(code).toBe(0);
  expect(output).toMatch(
    /^\n√ Connected to GitHub\n\nCurrent runner version: '2\.336\.0'\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ: Listening for Jobs\n/,
  );
  expect(output).toContain(`Z: Running job: ${backend.jobName}\n`);
  expect(output).toContain(`Z: Job ${backend.jobName} completed with result: Succeeded\n`);
  expect(backend.results.map((result) => result.exitCode)).toEqual([0, 0]);
  expect(backend.ends).toEqual(['ran']);
  expect(backend.calls[0]).toBe(`connect ${CLIENT_ID} 2.336.0`);
  expect(backend.calls.at(-1)).toBe('disconnect');
});
