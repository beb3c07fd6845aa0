/** Which jobs an instance refuses, and what their users see. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CODES } from '../core/codes.ts';
import { type JobPolicy, jobHook } from './linux/job-hook.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-hook-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes the hook as the boot script does, and runs it as the runner does. */
function runHook(policy: JobPolicy | undefined, event: object | string, more: { own?: string; path?: string } = {}) {
  const render = jobHook(policy, more.own);
  execFileSync('bash', ['-c', `mkdir -p "$ROOT/opt/mayfly"\n${render}`], { env: { ...process.env, ROOT: folder } });
  writeFileSync(join(folder, 'event.json'), typeof event === 'string' ? event : JSON.stringify(event));
  const { status, stdout } = spawnSync('/bin/bash', ['-e', join(folder, 'opt/mayfly/job-started.sh')], {
    env: {
      PATH: more.path ?? process.env.PATH,
      GITHUB_REPOSITORY: 'Acme/App',
      GITHUB_EVENT_PATH: join(folder, 'event.json'),
    },
    encoding: 'utf8',
  });
  return { status, stdout };
}

const passes = { status: 0, stdout: '' };
const refusal = (what: string) => ({
  status: 1,
  stdout: `::error::${CODES['job-refused'].code} job-refused: this pool does not run ${what}\n`,
});

const strict: JobPolicy = { publicRepositories: false, forkPullRequests: false };
const repository = { full_name: 'acme/app', private: true };
const pull = (head: object | null) => ({
  repository,
  pull_request: { head: { repo: head }, base: { repo: repository } },
});

describe('public repositories', () => {
  test.each([
    ['a private one', { repository }, passes],
    ['a public one', { repository: { ...repository, private: false } }, refusal('jobs of public repositories')],
    ['the event does not say', { repository: { full_name: 'acme/app' } }, passes],
    ['an event that names no repository', { schedule: '0 0 * * *' }, passes],
    ['a private one with a text that looks public', { repository, x: '"repository":{"private":false}' }, passes],
  ])('%s', (_, event, result) => {
    expect(runHook(strict, event)).toEqual(result);
  });

  test('are run where the pool allows them', () => {
    const event = { repository: { ...repository, private: false } };
    expect(runHook({ ...strict, publicRepositories: true }, event)).toEqual(passes);
  });
});

describe('pull requests', () => {
  const fork = { full_name: 'stranger/app', private: true };
  test.each([
    ['from the repository itself', pull(repository), passes],
    ['from a fork', pull(fork), refusal('pull requests from forks')],
    ['from a fork that is gone', pull(null), refusal('pull requests from forks')],
  ])('%s', (_, event, result) => {
    expect(runHook(strict, event)).toEqual(result);
  });

  test('from forks are run where the pool allows them', () => {
    expect(runHook({ ...strict, forkPullRequests: true }, pull(fork))).toEqual(passes);
  });
});

describe('repositories', () => {
  const open = { publicRepositories: true, forkPullRequests: true };
  test.each([
    ['one that is allowed, whatever its case', ['acme/other', 'ACME/app'], passes],
    ['another', ['acme/app2', 'acme/ap', 'other/app'], refusal('jobs of Acme/App')],
    ['none at all', [], refusal('jobs of Acme/App')],
  ])('%s', (_, repositories, result) => {
    expect(runHook({ ...open, repositories }, {})).toEqual(result);
  });

  test('of a name that could run as a command', () => {
    expect(() => jobHook({ ...open, repositories: [`a/b' ;x`] }, undefined)).toThrow('a repository can not be');
  });
});

test('an event that can not be read is refused', () => {
  for (const event of ['', '{', '[]', '{"repository":3}', '{"pull_request":{"head":3}}']) {
    expect(runHook(strict, event)).toEqual(refusal('unreadable events'));
  }
});

test('without Python, what it should check is refused', () => {
  expect(runHook(strict, { repository }, { path: '/nowhere' })).toEqual(refusal('unreadable events'));
});

describe("the pool's own hook", () => {
  const write = (text: string) => {
    writeFileSync(join(folder, 'own.sh'), text);
    return { own: join(folder, 'own.sh') };
  };

  test('runs after the checks, and its failure is the failure', () => {
    expect(runHook(strict, { repository }, write('echo hello; false; echo never'))).toEqual({
      ...{ status: 1, stdout: 'hello\n' },
    });
  });

  test('does not run for a job that is refused', () => {
    expect(runHook(strict, pull(null), write('echo hello'))).toEqual(refusal('pull requests from forks'));
  });

  test('runs where nothing is checked', () => {
    expect(runHook(undefined, {}, write('echo hello'))).toEqual({ status: 0, stdout: 'hello\n' });
  });
});

test('where there is nothing to do, there is no hook', () => {
  expect(jobHook(undefined, undefined)).toBeUndefined();
  expect(jobHook({ publicRepositories: true, forkPullRequests: true }, undefined)).toBeUndefined();
});
