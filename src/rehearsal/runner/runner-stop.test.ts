import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { runJob } from './testing/run-job.ts';
import { type Script, ScriptedBackend } from './testing/scripted-backend.ts';
import { isAlive, type TestRunner, type TestRunnerOptions, withRunner } from './testing/start-test-runner.ts';

// Real processes on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

/** Ignores what can be ignored, as does its child. Prints the child's id. */
const STUBBORN = "trap '' INT TERM\nsleep 60 &\necho child=$!\nwait\nwait\nwait";

const childOf = (log: string) => Number(/child=(\d+)/.exec(log)?.[1]);
const within = { timeout: 10_000, interval: 20 };
const expectGone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), within);

/** Waits until the step prints `child=`, then does something to the job, and waits for the runner's end. */
async function interrupt(
  script: Script,
  act: (backend: ScriptedBackend, runner: TestRunner) => void,
  options: TestRunnerOptions = {},
) {
  const backend = new ScriptedBackend(script);
  let output = '';
  let code: unknown;
  let tookMs = 0;
  await withRunner(backend, options, async (runner) => {
    await vi.waitFor(() => expect(backend.text).toContain('child='), within);
    const startedAt = performance.now();
    act(backend, runner);
    code = await runner.ended;
    tookMs = performance.now() - startedAt;
    output = runner.output();
  });
  return { backend, output, code, tookMs, log: backend.text };
}

test('a step beyond its timeout is killed, whatever it ignores; the job goes on', async () => {
  const { backend, log, output } = await runJob({
    steps: [{ script: STUBBORN, timeoutMs: 300, name: 'Deaf' }, { script: 'echo after' }],
  });
  expect(backend.results).toMatchObject([{ exitCode: 137, timedOut: true }, { exitCode: 0 }]);
  expect(log).toContain('##[error]Deaf has timed out.\nafter\n');
  expect(backend.ends).toEqual(['ran']);
  expect(output).toContain('completed with result: Failed');
  await expectGone(childOf(log));
});

test('a step that handles the first signal ends with its own code', async () => {
  const { backend, log } = await runJob({
    steps: [{ script: "trap 'echo bye; exit 9' INT\nsleep 60 & wait", timeoutMs: 300 }],
  });
  expect(backend.results).toMatchObject([{ exitCode: 9, timedOut: true }]);
  expect(log).toMatch(/^bye\n/);
});

test('a step that closes its output is still watched', async () => {
  const { backend } = await runJob({ steps: [{ script: 'exec >&- 2>&-; sleep 60', timeoutMs: 300 }] });
  expect(backend.results).toMatchObject([{ timedOut: true }]);
});

test('a job beyond its timeout ends there', async () => {
  const { backend, output, code } = await runJob({
    steps: [{ script: 'sleep 0.2' }, { script: 'sleep 60' }, { script: 'echo never' }],
    jobTimeoutMs: 600,
  });
  expect(backend.results).toMatchObject([{ exitCode: 0 }, { exitCode: 130, timedOut: true }]);
  expect(backend.ends).toEqual(['timed-out']);
  expect(output).toContain('completed with result: Canceled');
  expect(code).toBe(0);
});

test('a cancelled job: its step is killed, the runner says so and ends', async () => {
  const { backend, output, code, log } = await interrupt({ steps: [{ script: STUBBORN }, {}] }, (backend) =>
    backend.cancelJob(),
  );
  expect(backend.results).toMatchObject([{ exitCode: 137 }]);
  expect(backend.ends).toEqual(['cancelled']);
  expect(output).toContain('completed with result: Canceled');
  expect(log).toContain('##[error]The operation was canceled.');
  expect(code).toBe(0);
  await expectGone(childOf(log));
});

test('a job that the service has forgotten is dropped', async () => {
  const { backend, code, log } = await interrupt({ steps: [{ script: STUBBORN }] }, (backend) => backend.loseJob());
  expect(backend.ends).toEqual([]);
  expect(code).toBe(0);
  await expectGone(childOf(log));
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s in a job cancels it, and leaves nothing', async (signal) => {
  const { backend, output, code, tookMs, log } = await interrupt({ steps: [{ script: STUBBORN }, {}] }, (_, runner) =>
    runner.process.kill(signal),
  );
  expect(backend.results).toMatchObject([{ exitCode: 137 }]);
  expect(backend.ends).toEqual(['cancelled']);
  expect(backend.connected).toBe(false);
  expect(output).toContain('completed with result: Canceled');
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(8_000);
  await expectGone(childOf(log));
});

test('run.sh with the trap variable passes a signal on', async () => {
  const { backend, code, log } = await interrupt(
    { steps: [{ script: STUBBORN }] },
    (_, runner) => runner.process.kill('SIGTERM'),
    { command: ['run.sh'], env: { RUNNER_MANUALLY_TRAP_SIG: '1' } },
  );
  expect(code).toBe(143);
  expect(backend.ends).toEqual(['cancelled']);
  await expectGone(childOf(log));
});

test('a worker that is killed: the job is ended, its processes too', async () => {
  const { backend, output, code, log } = await interrupt(
    { steps: [{ script: `${STUBBORN}`.replace('echo', 'echo worker=$PPID') }] },
    (backend) => {
      const worker = Number(/worker=(\d+)/.exec(backend.text)?.[1]);
      expect(readFileSync(`/proc/${worker}/cmdline`, 'utf8')).toContain('Runner.Worker');
      process.kill(worker, 'SIGKILL');
    },
  );
  expect(backend.ends).toEqual(['cancelled']);
  expect(output).toContain('completed with result: Failed');
  expect(code).toBe(0);
  await expectGone(childOf(log));
});

test('a worker whose listener is killed cancels the job', async () => {
  const backend = new ScriptedBackend({ steps: [{ script: STUBBORN }] });
  await withRunner(backend, {}, async (runner) => {
    await vi.waitFor(() => expect(backend.text).toContain('child='), within);
    runner.process.kill('SIGKILL');
    await vi.waitFor(() => expect(backend.ends).toEqual(['cancelled']), within);
  });
  await expectGone(childOf(backend.text));
});
