import { type Script, ScriptedBackend } from './scripted-backend.ts';
import { type TestRunnerOptions, withRunner } from './start-test-runner.ts';

/** Runs one job to the end of its runner, for tests. */
export async function runJob(script: Script, options: TestRunnerOptions = {}) {
  const backend = new ScriptedBackend(script);
  let output = '';
  let code: unknown;
  await withRunner(backend, options, async (runner) => {
    code = await runner.ended;
    output = runner.output();
  });
  return { backend, output, code, log: backend.text };
}
