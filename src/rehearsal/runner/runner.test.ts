import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { buildRunnerTarball } from './build-runner-tarball.ts';
import { runJob } from './testing/run-job.ts';
import { CLIENT_ID, isAlive } from './testing/start-test-runner.ts';

// Real processes on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

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

test('a failing step is reported with its code, the runner still exits 0', async () => {
  const { backend, output, code, log } = await runJob({ steps: [{ script: 'echo a\nexit 3\necho b' }] });
  expect(backend.results).toMatchObject([{ exitCode: 3 }]);
  expect(backend.results[0]).not.toHaveProperty('timedOut');
  expect(log).toBe('a\n##[error]Process completed with exit code 3.\n');
  expect(output).toContain('completed with result: Failed');
  expect(backend.ends).toEqual(['ran']);
  expect(code).toBe(0);
});

test('shells are called as GitHub does', async () => {
  const script = 'echo "$0 $-"\nfalse | true\necho reached';
  const { backend, log } = await runJob({
    steps: [
      { script, shell: 'bash', shellNamed: false },
      { script, shell: 'bash', shellNamed: true },
      { script: 'echo "$0 $-"; shopt; echo never', shell: 'sh', shellNamed: true },
    ],
  });
  expect(backend.results.map((result) => result.exitCode)).toEqual([0, 1, 127]);
  expect(log.match(/reached/g)).toHaveLength(1);
  expect(log).toMatch(/_temp\/step_1\.sh ehB\n/);
  expect(log).toMatch(/_temp\/step_2\.sh ehB\n/);
  expect(log).toMatch(/_temp\/step_3\.sh e\n/);
});

test('env, output and path files come back, path entries go before PATH', async () => {
  const { backend, log } = await runJob({
    steps: [
      {
        script: `echo A=1 >>"$GITHUB_ENV"; printf 'o<<X\\nü "\\nX\\n' >>"$GITHUB_OUTPUT"; echo /p >>"$GITHUB_PATH"
          echo '# hi' >>"$GITHUB_STEP_SUMMARY"`,
      },
      { script: 'echo "$PATH"; cat "$GITHUB_ENV" "$GITHUB_OUTPUT"', path: ["/a 'b", '/c$d'] },
      { script: 'rm "$GITHUB_ENV"; rm "$GITHUB_OUTPUT"; mkdir "$GITHUB_OUTPUT"; rm -rf "$RUNNER_TEMP"' },
      { script: 'ls -d "$RUNNER_TEMP" >/dev/null' },
    ],
  });
  expect(backend.results[0]).toEqual({ exitCode: 0, envFile: 'A=1\n', outputFile: 'o<<X\nü "\nX\n', pathFile: '/p\n' });
  expect(log.startsWith("/a 'b:/c$d:")).toBe(true);
  expect(log.split('\n')).toHaveLength(2);
  expect(backend.results.slice(1)).toEqual(
    [1, 2, 3].map(() => ({ exitCode: 0, envFile: '', outputFile: '', pathFile: '' })),
  );
});

test('values survive whatever is in them', async () => {
  const env = {
    EMPTY: '',
    LINES: 'a\nb\n\n',
    QUOTES: `'"\`\\'"$(echo no) \${HOME} !x`,
    UNICODE: 'grüße 🦋 é',
    SPACES: '  two  ',
    DASH: '-n',
    'my-var.x': "it's odd",
    UID: '77',
    step_name: 'mine',
    PIPESTATUS: 'p',
    workspace: '/none',
    runner_environment: 'exit 9',
  };
  const script = Object.keys(env)
    .map((name) => `printf '%s' ${name}=; printenv '${name}' || echo unset`)
    .join('\n');
  const { backend, log } = await runJob({ steps: [{ script, env, name: `it's "odd" $(x)` }] });
  expect(log).toBe(
    Object.entries(env)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  expect(backend.results).toMatchObject([{ exitCode: 0 }]);
});

test('a script is executed byte by byte as it was given', async () => {
  const script = `cat <<'END'\n'"\`\\$(x) \${y} ü\n\ttab\nEND\necho 'a''b'`;
  const { log } = await runJob({ steps: [{ script }] });
  expect(log).toBe(`'"\`\\$(x) \${y} ü\n\ttab\nab\n`);
});

test('working directory, and what the runner adds to the environment', async () => {
  const { backend, log } = await runJob({
    steps: [
      { script: 'mkdir -p sub; pwd; echo "$GITHUB_WORKSPACE"' },
      { script: 'pwd', workingDirectory: 'sub' },
      { script: 'pwd', workingDirectory: '/' },
      { script: 'echo never', workingDirectory: 'none' },
      { script: 'env; cat "$GITHUB_EVENT_PATH"; ls -d "$RUNNER_TEMP" "$RUNNER_TOOL_CACHE"', env: { RUNNER_OS: 'x' } },
    ],
  });
  const lines = log.split('\n');
  expect(lines[0]).toMatch(/\/_work\/repo\/repo$/);
  expect(lines[1]).toBe(lines[0]);
  expect(lines[2]).toBe(`${lines[0]}/sub`);
  expect(lines[3]).toBe('/');
  expect(log).not.toContain('never');
  expect(backend.results.map((result) => result.exitCode)).toEqual([0, 0, 0, 1, 0]);
  const work = lines[0]?.replace('/repo/repo', '');
  expect(lines).toEqual(
    expect.arrayContaining([
      `RUNNER_TEMP=${work}/_temp`,
      `RUNNER_TOOL_CACHE=${work}/_tool`,
      `RUNNER_WORKSPACE=${work}/repo`,
      'RUNNER_OS=Linux',
      'RUNNER_NAME=mf-1',
      'CI=true',
      'GITHUB_ACTIONS=true',
      'GITHUB_REPOSITORY=octo/repo',
      '{"repository":{"name":"repo","full_name":"octo/repo","owner":{"login":"octo"}}}',
    ]),
  );
  expect(log).toMatch(/^RUNNER_ARCH=(X64|ARM64)$/m);
});

test('the client id is in no argv and in no environment of a step', async () => {
  const env = { client_id: 'x', handover: 'x', config: 'x', text: 'x' };
  const options = { env, files: () => ({ '.env': 'client_id=y\nhandover=y\n' }) };
  const script = {
    steps: [
      {
        script: `sleep 0.3; env; tr '\\0' '\\n' </proc/$PPID/environ; for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <"$f" || true; echo; done`,
      },
    ],
  };
  const { backend, log } = await runJob(script, options);
  expect(backend.results).toMatchObject([{ exitCode: 0 }]);
  expect(log).toContain('curl --silent');
  expect(log).toContain('GITHUB_ACTIONS=true');
  expect(log).not.toContain(CLIENT_ID);
  expect(log).not.toContain('JITCONFIG');
  expect(log).not.toContain(Buffer.from(CLIENT_ID).toString('base64').slice(4, 20));
});

test('a big output is cut at 1 MiB, and its writer is not blocked', async () => {
  const { backend, log } = await runJob({
    steps: [{ script: 'yes "grüße" | head -c 20000000; echo end >done' }, { script: 'cat done; echo more' }],
  });
  expect(backend.results.map((result) => result.exitCode)).toEqual([0, 0]);
  expect(Buffer.byteLength(log)).toBeGreaterThan(1_048_000);
  expect(Buffer.byteLength(log)).toBeLessThan(1_049_000);
  expect(log).toContain('The log of the job is cut at 1024 KiB.');
});

test('output is sent while a step runs, and a character that two pieces share stays whole', async () => {
  const { backend, log } = await runJob({
    steps: [{ script: "printf 'a\\303'; sleep 0.4; printf '\\274b'; sleep 0.3; echo" }],
  });
  expect(log).toBe('aüb\n');
  expect(backend.calls.filter((call) => call === 'log').length).toBeGreaterThan(1);
});

test('what a step leaves in the background lives as long as the job', async () => {
  const { backend, log, output } = await runJob({
    steps: [
      { script: 'sleep 77 & echo $! >pid; setsid sleep 78 & echo $! >pid2; (sleep 79 >&- 2>&-) &' },
      { script: 'kill -0 $(cat pid) && kill -0 $(cat pid2) && echo alive; cat pid pid2' },
    ],
  });
  expect(backend.results.map((result) => result.exitCode)).toEqual([0, 0]);
  expect(output).toContain('Succeeded');
  const [alive, ...pids] = log.trim().split('\n');
  expect(alive).toBe('alive');
  expect(pids).toHaveLength(2);
  for (const pid of pids) await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false));
});

test('.env and .path reach the steps', async () => {
  const { log } = await runJob(
    { steps: [{ script: 'echo "$FROM_ENV"; echo "$PATH"' }] },
    { files: () => ({ '.env': "FROM_ENV=a b='c'\nbroken line\n", '.path': `/first:${process.env.PATH}\n` }) },
  );
  expect(log).toMatch(/^a b='c'\n\/first:/);
});

test('the tarball has the official layout', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-tarball-'));
  try {
    const tarball = await buildRunnerTarball(directory, '2.336.0');
    expect(tarball).toMatchObject({ filename: 'actions-runner-linux-x64-2.336.0.tar.gz', version: '2.336.0' });
    expect(execFileSync('sha256sum', [tarball.path], { encoding: 'utf8' })).toContain(tarball.sha256);
    const entries = execFileSync('tar', ['-tzf', tarball.path], { encoding: 'utf8' }).trim().split('\n');
    expect(entries.every((entry) => entry.startsWith('./'))).toBe(true);
    expect(entries).toEqual(expect.arrayContaining(['./run.sh', './bin/Runner.Listener', './bin/Runner.Worker']));
    const root = join(directory, 'root');
    mkdirSync(root);
    execFileSync('tar', ['-xzf', tarball.path, '-C', root]);
    expect(execFileSync(join(root, 'bin/Runner.Listener'), ['--version'], { encoding: 'utf8' })).toBe('2.336.0\n');
    execFileSync(join(root, 'bin/Runner.Listener'), ['warmup']);
    execFileSync(join(root, 'bin/installdependencies.sh'));
    const { status } = spawnSync(join(root, 'config.sh'), ['--url', 'x'], { env: { RUNNER_ALLOW_RUNASROOT: '1' } });
    expect(status).toBe(1);
    execFileSync(join(root, 'env.sh'), { env: { PATH: process.env.PATH, LANG: 'C.UTF-8' } });
    expect(readFileSync(join(root, '.env'), 'utf8')).toBe('LANG=C.UTF-8\n');
    expect(readFileSync(join(root, '.path'), 'utf8')).toBe(`${process.env.PATH}\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
