/** The command as a user runs it: the built file, its exit code, what it prints and what it leaves. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sign } from '../core/webhook/webhook-test-support.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'mayfly-cli-test-'));
/** Scratch folders of the rehearsals that this test starts: nothing may stay in it. */
const temporary = mkdtempSync(join(tmpdir(), 'mayfly-cli-tmp-'));
/** As in the package: the examples lie two folders above it. */
const main = join(folder, 'dist/cli/main.mjs');

interface Document {
  jobs: { id: string; labels: string[]; conclusion: string | null; phases: Record<string, number | null> }[];
  leftovers: Record<string, number>;
  faults?: { name: string; struck: string; struckMs: number; healed: string; healedMs: number }[];
}

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build.mjs', '--cli', main], { cwd: root });
  symlinkSync(join(root, 'examples'), join(folder, 'examples'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(temporary, { recursive: true, force: true });
});

const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
});

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    printed.stderr += chunk;
  });
  const result = once(child, 'close').then(([code]) => ({ ...printed, code: code as number }));
  const hasPrinted = (word: string) => vi.waitFor(() => expect(printed.stdout).toContain(word), { timeout: 20_000 });
  return { child, printed, result, hasPrinted };
}

const rehearse = (...args: string[]) => start(['rehearse', ...args]).result;

const write = (name: string, content: string) => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

const workflow = (name: string, jobs: string) => write(name, `name: test\non: push\njobs:\n${jobs}`);

function expectNothingLeft(): void {
  expect(readdirSync(temporary).filter((name) => name.startsWith('mayfly-'))).toEqual([]);
}

describe('mayfly rehearse', () => {
  test('the example: every job succeeds, one launch a job, nothing is left; twice at once', async () => {
    const [json, plain] = await Promise.all([rehearse('--json'), rehearse()]);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const { jobs, leftovers } = JSON.parse(json.stdout) as Document;
    expect(Object.keys(JSON.parse(json.stdout))).toEqual(['jobs', 'leftovers']);
    expect(jobs.map(({ conclusion }) => conclusion)).toEqual(Array(5).fill('success'));
    expect(leftovers).toEqual({ instances: 0, runners: 0, processes: 0, directories: 0, messages: 0 });
    for (const { phases, labels } of jobs) {
      const { queuedMs, launchedMs, bootedMs, registeredMs, startedMs, completedMs, terminatedMs } = phases;
      expect(labels).toEqual(['self-hosted', 'linux', 'x64']);
      expect(Object.keys(phases)).toHaveLength(7);
      expect(queuedMs).toBeGreaterThanOrEqual(0);
      const order = [launchedMs, bootedMs, registeredMs, startedMs, completedMs, terminatedMs] as number[];
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    expect(plain.code).toBe(0);
    expect(plain.stdout).toContain('Left behind: 0 instances, 0 runners, 0 processes, 0 directories, 0 messages.');
    expect(plain.stdout).toContain('5 instances ran them');
    expectNothingLeft();
  }, 60_000);

  test('--faults: each strikes once and heals, at one launch a job and one for each instance that was lost', async () => {
    const apart = ['one', 'two', 'three', 'four'];
    const pools = write(
      'apart.yml',
      `pools: [${apart.map((name) => `{ name: ${name}, labels: [${name}] }`).join(', ')}]`,
    );
    const job = (name: string, more = '') =>
      `  ${name}:\n${more}    runs-on: [${name}]\n    steps: [{ run: sleep 1 }]\n`;
    const last = job('four', '').replace('four:', 'last:\n    needs: four');
    const file = workflow('apart-jobs.yml', `${apart.map((name) => job(name)).join('')}${last}`);
    const [plain, json, lonely] = await Promise.all([
      rehearse('--faults'),
      rehearse('--faults', '--json', '--jobs', '6'),
      rehearse('--faults', '--workflow', file, '--pools', pools),
    ]);
    const names = ['throttled-launch', 'swapped-runner', 'failed-boot', 'ghost', 'lost-webhook'];

    expect(plain).toMatchObject({ code: 0, stderr: '' });
    for (const name of names) {
      const struckAt = plain.stdout.indexOf(`* ${name}: `);
      expect(struckAt, name).toBeGreaterThan(0);
      expect(plain.stdout.indexOf(`* ${name} healed: `), name).toBeGreaterThan(struckAt);
    }
    expect(plain.stdout).toContain('10 times as fast as the wall clock');
    expect(plain.stdout).toContain('Jobs: 5 success. 5 instances ran them, 2 more came to nothing;');
    expect(plain.stdout).toContain('Left behind: 0 instances, 0 runners, 0 processes, 0 directories, 0 messages.');

    expect(json.code).toBe(0);
    const { faults = [], jobs, leftovers } = JSON.parse(json.stdout) as Document;
    expect(faults.map(({ name }) => name)).toEqual(names);
    expect(faults.find(({ name }) => name === 'ghost')?.healed).toContain(
      'looked for 2 times, ended, and replaced by i-',
    );
    for (const { struckMs, healedMs } of faults) expect(healedMs).toBeGreaterThan(struckMs);
    expect(jobs.map(({ conclusion }) => conclusion)).toEqual(Array(6).fill('success'));
    expect(Object.values(leftovers)).toEqual([0, 0, 0, 0, 0]);

    // No other runner may take its job: that fault finds nothing to strike, and the rehearsal did not show what it should.
    expect(lonely.code).toBe(1);
    expect(lonely.stdout).toContain('swapped-runner    never struck');
    expect(lonely.stdout.match(/healed after/g)).toHaveLength(4);
    expect(lonely.stdout).toContain('Jobs: 5 success.');
    expectNothingLeft();
  }, 120_000);

  test('a failing step: a failed job, exit code 1, nothing left', async () => {
    const { code, stdout } = await rehearse('--workflow', 'examples/workflows/failing.yml', '--output');
    expect(code).toBe(1);
    expect(stdout).toContain('| build: this step fails on purpose');
    expect(stdout).toContain('Jobs: 1 failure, 1 skipped, 1 success.');
    expectNothingLeft();
  }, 60_000);

  test('fail-fast: running siblings are cancelled, queued ones never run, their instances are ended', async () => {
    const file = workflow(
      'fail-fast.yml',
      `  m:
    runs-on: [self-hosted, linux]
    strategy: { matrix: { n: [1, 2, 3, 4] } }
    steps:
      - run: '[ \${{ matrix.n }} != 1 ] || exit 1; sleep 30'
`,
    );
    const { code, stdout } = await rehearse('--workflow', file, '--json');
    const { jobs, leftovers } = JSON.parse(stdout) as Document;
    expect(code).toBe(1);
    expect(jobs.map(({ conclusion }) => conclusion).sort()).toEqual(['cancelled', 'cancelled', 'cancelled', 'failure']);
    expect(Object.values(leftovers)).toEqual([0, 0, 0, 0, 0]);
    expectNothingLeft();
  }, 60_000);

  test('a job that leaves processes behind, out of its group, deaf to SIGTERM, without environment: nothing stays', async () => {
    const file = workflow(
      'escape.yml',
      `  a:
    runs-on: [self-hosted, linux]
    steps:
      - run: |
          setsid bash -c 'trap "" TERM; sleep 987' >/dev/null 2>&1 &
          setsid env -i sleep 986 >/dev/null 2>&1 &
`,
    );
    const { code, stdout } = await rehearse('--workflow', file, '--json');
    expect(code).toBe(0);
    expect(Object.values((JSON.parse(stdout) as Document).leftovers)).toEqual([0, 0, 0, 0, 0]);
    expectNothingLeft();
  }, 60_000);

  test('pools from a file: the one with the highest priority, and a repository-level one', async () => {
    const file = workflow('pools.yml', '  a:\n    runs-on: [self-hosted, deploy]\n    steps: [{ run: echo hi }]\n');
    const { code } = await rehearse('--workflow', file, '--pools', 'examples/pools.yml');
    expect(code).toBe(0);
  }, 60_000);

  test('a full pool: jobs wait for each other, and all of them run', async () => {
    const pools = write('small.yml', 'pools: [{ name: small, labels: [linux, x64], maxRunners: 2 }]');
    const { code, stdout } = await rehearse('--jobs', '5', '--pools', pools, '--json');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Document).jobs).toHaveLength(5);
  }, 90_000);

  test('Ctrl-C, twice as npm sends it: all is ended, exit code 130', async () => {
    const file = workflow('long.yml', '  a:\n    runs-on: [self-hosted, linux]\n    steps: [{ run: sleep 60 }]\n');
    const { child, result, hasPrinted } = start(['rehearse', '--workflow', file]);
    await hasPrinted('running');
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { code, stdout } = await result;
    expect(code).toBe(130);
    expect(stdout).toContain('Left behind: 0 instances, 0 runners, 0 processes, 0 directories, 0 messages.');
    expectNothingLeft();
  }, 60_000);

  test('nobody reads its output any more: all is ended', async () => {
    const { child, result, hasPrinted } = start(['rehearse']);
    await hasPrinted('launched');
    child.stdout.destroy();
    await result;
    expectNothingLeft();
  }, 60_000);

  test('--keep-open: stays up, and takes events from anybody who has the secret', async () => {
    const { child, printed, result, hasPrinted } = start(['rehearse', '--keep-open', '--jobs', '1']);
    await hasPrinted('terminated');
    const url = /(http:\/\/127\.0\.0\.1:\d+\/webhook)/.exec(printed.stdout)?.[1] as string;
    const secret = /secret=(\w+)/.exec(printed.stdout)?.[1] as string;
    const unsigned = await fetch(url, { method: 'POST', body: '{}' });
    expect(unsigned.status).toBe(401);
    expect(await unsigned.json()).toMatchObject({ reason: 'signature-missing', code: 'MF1002' });
    const body = JSON.stringify({ zen: 'Keep it logically awesome.' });
    const signature = sign(body, secret);
    const headers = { 'x-github-event': 'ping', 'x-hub-signature-256': signature, 'content-type': 'application/json' };
    const ping = await fetch(url, { method: 'POST', body, headers });
    expect(await ping.json()).toMatchObject({ result: 'ignored', reason: 'ping' });
    child.kill('SIGINT');
    expect((await result).code).toBe(0);
    expectNothingLeft();
  }, 60_000);
});

describe('bad input: a code, what to do, exit code 2, nothing started', () => {
  const unknownKey = workflow('key.yml', '  a:\n    runs-on: x\n    stepz: []\n');
  const unserved = workflow('gpu.yml', '  a:\n    runs-on: [self-hosted, gpu]\n    steps: [{ run: x }]\n');
  const container = workflow('container.yml', '  a:\n    runs-on: x\n    container: node\n    steps: [{ run: x }]\n');
  const badPools = write('bad-pools.yml', 'pools: [{ name: UPPER, labels: [] }]');

  test.each([
    ['an unknown key', ['--workflow', unknownKey], ['MF2004', 'key.yml:6:5', 'stepz']],
    ['an unreadable file', ['--workflow', '/no/such/file.yml'], ['MF2003', '/no/such/file.yml']],
    ['a label that no pool has', ['--workflow', unserved], ['MF2006', 'No pool has: gpu']],
    ['a container job', ['--workflow', container], ['MF2005', 'container']],
    ['a bad pools file', ['--pools', badPools], ['MF2010', 'pools.0.name', 'pools.0.labels']],
    ['an unknown option', ['--nope'], ['MF2002', '--nope']],
    ['a bad number', ['--jobs', '0'], ['MF2002', '--jobs']],
    ['too few jobs for the faults', ['--faults', '--jobs', '3'], ['MF2002', '--faults', '4 jobs at once and 5 in all']],
    ['faults on machines', ['--faults', '--host', 'nspawn'], ['MF2002', '--faults', '--host']],
  ])('%s', async (_name, args, words) => {
    const { code, stdout, stderr } = await rehearse(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr.trimEnd().split('\n').length).toBeGreaterThanOrEqual(2);
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await rehearse('--port', String(port));
    server.close();
    expect(code).toBe(2);
    expect(stderr).toContain(`MF2007 The port is in use. Port: ${port}`);
    expectNothingLeft();
  });

  test('no bash', async () => {
    const { code, stderr } = await start(['rehearse'], { PATH: folder }).result;
    expect(code).toBe(2);
    expect(stderr).toContain('MF2008');
    expectNothingLeft();
  });

  test('an unknown command, and none', async () => {
    expect((await start(['fly']).result).stderr).toContain('MF2001');
    expect((await start([]).result).code).toBe(2);
    expect(await start(['--help']).result).toMatchObject({ code: 0 });
  });
});

test('every command line of the README works', async () => {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)];
  const lines = blocks.flatMap((block) => (block[1] as string).trim().split('\n'));
  const starts = lines
    .filter((line) => line.startsWith('npm start'))
    .map((line) => line.split(' -- ')[1]?.split(' ') ?? []);
  expect(lines.filter((line) => !/^npm (start|test)\b/.test(line))).toEqual([]);
  expect(starts.length).toBeGreaterThan(3);
  // Those that run for long or fail on purpose have tests of their own above.
  const quick = starts.filter((args) => !/--keep-open|nspawn|failing|--faults/.test(args.join(' ')));
  for (const args of quick) expect((await rehearse(...args)).code, args.join(' ')).toBe(0);
}, 120_000);
