import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runJob } from './testing/run-job.ts';
import { type Script, ScriptedBackend } from './testing/scripted-backend.ts';
import { jitConfig, type TestRunner, type TestRunnerOptions, withRunner } from './testing/start-test-runner.ts';

// Real processes on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

const REGISTRATION = ['.runner', '.credentials', '.credentials_rsaparams'];
const registered = (runner: TestRunner) => REGISTRATION.map((file) => existsSync(join(runner.root, file)));
const within = { timeout: 10_000, interval: 20 };

/** Starts a runner without a job, does something when it listens, waits for its end. */
async function idle(
  act: (backend: ScriptedBackend, runner: TestRunner) => void,
  options: TestRunnerOptions = {},
  script: Script = { idle: true },
) {
  const backend = new ScriptedBackend(script);
  let result: { code: unknown; output: string; tookMs: number; registered: boolean[] } | undefined;
  await withRunner(backend, options, async (runner) => {
    await vi.waitFor(() => expect(backend.waiting).toBe(1), within);
    const startedAt = performance.now();
    act(backend, runner);
    const code = await runner.ended;
    const tookMs = performance.now() - startedAt;
    result = { code, output: runner.output(), tookMs, registered: registered(runner) };
  });
  if (!result) throw new Error('not run');
  return { backend, ...result };
}

test('the JIT config becomes the three files, for the owner only; after a job they are gone', async () => {
  const backend = new ScriptedBackend({ idle: true });
  await withRunner(backend, {}, async (runner) => {
    await vi.waitFor(() => expect(backend.waiting).toBe(1), within);
    expect(JSON.parse(readFileSync(join(runner.root, '.runner'), 'utf8'))).toMatchObject({ AgentName: 'mf-1' });
    expect(registered(runner)).toEqual([true, true, true]);
    for (const file of REGISTRATION) expect(statSync(join(runner.root, file)).mode & 0o777).toBe(0o600);
    backend.offer();
    expect(await runner.ended).toBe(0);
    expect(registered(runner)).toEqual([false, false, false]);
  });
  expect(backend.ends).toEqual(['ran']);
});

test('files that the boot script wrote do as well, and a runner that is not ephemeral listens again', async () => {
  const files = ({ url }: { url: string }) => {
    const blob = JSON.parse(Buffer.from(jitConfig(url), 'base64').toString()) as Record<string, string>;
    const file = (name: string) => Buffer.from(blob[name] ?? '', 'base64').toString();
    return { '.credentials': file('.credentials'), '.runner': file('.runner').replace('"True"', 'false') };
  };
  const backend = new ScriptedBackend();
  await withRunner(backend, { files, env: { ACTIONS_RUNNER_INPUT_JITCONFIG: '' } }, async (runner) => {
    await vi.waitFor(() => expect(runner.output().match(/Listening for Jobs/g)).toHaveLength(2), within);
    expect(backend.ends).toEqual(['ran']);
    await vi.waitFor(() => expect(backend.waiting).toBe(1), within);
    runner.process.kill('SIGINT');
    expect(await runner.ended).toBe(0);
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while idle: out at once, session closed, still registered',
  async (signal) => {
    const ended = await idle((_, runner) => runner.process.kill(signal));
    expect(ended).toMatchObject({ code: 0, registered: [true, true, true] });
    expect(ended.tookMs).toBeLessThan(4_000);
    expect(ended.backend.calls.at(-1)).toBe('disconnect');
    await vi.waitFor(() => expect(ended.backend.waiting).toBe(0), within);
  },
);

test('a registration deleted while idle ends the runner with 0', async () => {
  const ended = await idle((backend) => backend.deleteRunner());
  expect(ended).toMatchObject({ code: 0, registered: [false, false, false] });
  expect(ended.output).toContain('The runner no longer exists on the server.');
});

test('a registration deleted before the first connection ends it with 1', async () => {
  const { code, output } = await runJob({ connects: ['deleted'] });
  expect(code).toBe(1);
  expect(output).toContain('Failed to create a session. The runner registration has been deleted');
});

test('a session conflict is waited for, then code 5', async () => {
  const again = await runJob({ connects: ['conflict', 'conflict'] });
  expect(again).toMatchObject({ code: 0 });
  expect(again.output.match(/A session for this runner already exists\./g)).toHaveLength(2);
  expect(await runJob({ connects: ['conflict', 'conflict', 'conflict'] })).toMatchObject({ code: 5 });
});

test('a job that is gone before it is acquired: the runner waits for the next', async () => {
  const { backend, output, code } = await runJob({ gone: 1, steps: [{ script: 'echo hi' }] });
  expect(output).toContain('The job is gone.');
  expect(output.match(/Listening for Jobs/g)).toHaveLength(2);
  expect(backend.ends).toEqual(['ran']);
  expect(code).toBe(0);
});

test('an empty long poll is followed by the next one', async () => {
  const backend = new ScriptedBackend({ idle: true });
  await withRunner(backend, { pollMs: 100 }, async (runner) => {
    await vi.waitFor(() => expect(backend.calls.filter((call) => call === 'poll').length).toBeGreaterThan(2), within);
    backend.offer();
    expect(await runner.ended).toBe(0);
  });
});

test('a bad JIT config and a missing one end it with 1', async () => {
  const bad = await runJob({}, { env: { ACTIONS_RUNNER_INPUT_JITCONFIG: '@@' } });
  expect(bad).toMatchObject({ code: 1, output: 'The JIT config can not be read.\n' });
  const none = await runJob({}, { env: { ACTIONS_RUNNER_INPUT_JITCONFIG: '' } });
  expect(none).toMatchObject({ code: 1 });
  expect(none.output).toContain('Not configured');
});

test('a service that does not answer: code 2', async () => {
  const { code } = await runJob({}, { env: { ACTIONS_RUNNER_INPUT_JITCONFIG: jitConfig('http://127.0.0.1:9') } });
  expect(code).toBe(2);
});

test('run.sh hides the code, and starts the listener again after 2', async () => {
  const ran = await runJob({}, { command: ['run.sh'] });
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.output).toContain('Runner listener exit with code 0');
  expect(await runJob({ connects: ['deleted'] }, { command: ['run.sh'] })).toMatchObject({ code: 0 });
  const env = { ACTIONS_RUNNER_INPUT_JITCONFIG: jitConfig('http://127.0.0.1:9') };
  await withRunner(new ScriptedBackend(), { command: ['run.sh'], env }, async (runner) => {
    await vi.waitFor(() => expect(runner.output().match(/started again\./g)).toHaveLength(2), within);
    process.kill(-Number(runner.process.pid), 'SIGKILL');
  });
});

test('root is refused unless it is allowed', async () => {
  const { code, output } = await runJob({}, { command: ['run.sh'], env: { RUNNER_ALLOW_RUNASROOT: '' } });
  expect(code).toBe(0);
  if (process.getuid?.() === 0) expect(output).toContain('Must not run interactively with sudo');
  else expect(output).toContain('completed with result: Succeeded');
});

/** A job of one step with hooks: bash text, or undefined for a file that is missing. */
function runHooked(started: string | undefined, completed: string | undefined) {
  const files = ({ root }: { root: string }) => ({
    '.env': `ACTIONS_RUNNER_HOOK_JOB_STARTED=${root}/started.sh\nACTIONS_RUNNER_HOOK_JOB_COMPLETED=${root}/completed.sh\n`,
    ...(started !== undefined && { 'started.sh': started }),
    ...(completed !== undefined && { 'completed.sh': completed }),
  });
  return runJob({ steps: [{ script: 'echo step' }, {}] }, { files });
}

test('hooks run before and after the steps', async () => {
  const { backend, log, output } = await runHooked('echo "for $GITHUB_REPOSITORY"; pwd', 'echo completed');
  expect(log).toMatch(/^for octo\/repo\n.*\/_work\/repo\/repo\nstep\ncompleted\n$/);
  expect(backend.ends).toEqual(['ran']);
  expect(output).toContain('Succeeded');
});

test('after a failed started hook no step is run', async () => {
  for (const [hook, exitCode] of [
    ['exit 4', 4],
    [undefined, 1],
  ] as const) {
    const { backend, log, output } = await runHooked(hook, 'echo completed');
    expect(backend.results.map((result) => result.exitCode)).toEqual([exitCode, exitCode]);
    expect(log).not.toContain('step\n');
    expect(log).toContain('completed\n');
    expect(backend.ends).toEqual(['ran']);
    expect(output).toContain('Failed');
  }
});

test('a failed completed hook does not leave the job a success', async () => {
  const { backend, output } = await runHooked('true', 'exit 1');
  expect(backend.results.map((result) => result.exitCode)).toEqual([0, 0]);
  expect(backend.ends).toEqual(['cancelled']);
  expect(output).toContain('Failed');
});
