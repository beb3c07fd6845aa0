/** `npm start -- --host nspawn` as a user runs it: the built file, to its end or killed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { until } from './boot-rig.ts';
import { tracesOf } from './traces.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nspawn-cli-'));
  execFileSync(process.execPath, ['scripts/build.mjs', '--cli', join(folder, 'main.mjs')]);
  await prepareRootfs(() => {});
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const main = join(folder, 'main.mjs');
  const example = ['--workflow', 'examples/workflows/rehearsal.yml'];
  const child = spawn(process.execPath, [main, 'rehearse', '--host', 'nspawn', ...example, ...args], { env });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (output[name] += text));
  return { child, output, run: `-${child.pid}-` };
}

const exit = async (child: ChildProcess) => (await once(child, 'exit'))[0] as number | null;

test('every job of the example runs on a machine, and nothing is left', async () => {
  const { child, output, run } = start(['--json']);
  expect({ code: await exit(child), stderr: output.stderr }).toEqual({ code: 0, stderr: '' });
  const { jobs, leftovers } = JSON.parse(output.stdout);
  expect(jobs.map(({ conclusion }: { conclusion: string }) => conclusion)).toEqual(Array(5).fill('success'));
  expect(Object.values(leftovers)).toEqual([0, 0, 0, 0, 0]);
  expect(tracesOf(run)).toEqual([]);
});

test('Ctrl-C while machines boot and run: nothing is left', async () => {
  const { child, output, run } = start(['--jobs', '2']);
  await until(() => output.stdout.includes('running'));
  child.kill('SIGINT');
  expect(await exit(child)).toBe(130);
  expect(tracesOf(run)).toEqual([]);
});

test('kill -9: the machines die with it', async () => {
  const { child, output, run } = start([]);
  await until(() => output.stdout.includes('running'));
  expect(tracesOf(run).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  // Its folders with the console's output are all that a killed process can leave.
  const folders = /^mayfly-(packages-)?\d+-[0-9a-f]+/;
  await until(() => tracesOf(run).every((trace) => folders.test(trace)));
  for (const trace of tracesOf(run)) rmSync(join('/tmp', trace), { recursive: true });
});

test('where something is missing, it says what, before anything starts', async () => {
  const bin = join(folder, 'bin');
  execFileSync('mkdir', [bin]);
  for (const tool of ['sh', 'bash', 'unshare', 'nsenter', 'ip', 'systemd-nspawn'])
    symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(bin, tool));
  const { child, output } = start([], { ...process.env, PATH: bin });
  expect(await exit(child)).toBe(2);
  expect(output.stdout).toBe('');
  expect(output.stderr).toMatch(/^MF2012 .* Missing: mmdebstrap \(apt-get install mmdebstrap\)\.\nLeave out --host/);
});
