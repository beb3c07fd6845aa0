import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { runnerService } from '../../github/runner-service.ts';
import { writeRunner } from '../build-runner-tarball.ts';
import { RUNNER_TIMES, type RunnerTimes } from '../times.ts';
import type { ScriptedBackend } from './scripted-backend.ts';

/** Short, so that tests are. */
export const TEST_TIMES: RunnerTimes = {
  ...RUNNER_TIMES,
  stopGraceMs: 200,
  tickMs: 100,
  conflictRetryMs: 50,
  conflictRetries: 2,
  unreachableRetryMs: 50,
  unreachableTries: 3,
  relaunchMs: 50,
};

export const CLIENT_ID = '3f0c1f6e-5e0b-4a53-9f0e-client-id';

export interface TestRunner {
  readonly root: string;
  readonly process: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export interface TestRunnerOptions {
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files to put into the runner's folder. */
  readonly files?: (place: { readonly root: string; readonly url: string }) => Readonly<Record<string, string>>;
  readonly pollMs?: number;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** As the GitHub stand-in makes it. */
export function jitConfig(serviceUrl: string, clientId = CLIENT_ID): string {
  const settings = {
    AgentId: '42',
    AgentName: 'mf-1',
    ServerUrlV2: serviceUrl,
    WorkFolder: '_work',
    Ephemeral: 'True',
  };
  const credentials = { Scheme: 'OAuth', Data: { clientId, authorizationUrl: `${serviceUrl}/oauth2/token` } };
  const files = { '.runner': settings, '.credentials': credentials, '.credentials_rsaparams': { d: 'AQAB' } };
  return base64(
    JSON.stringify(
      Object.fromEntries(Object.entries(files).map(([name, file]) => [name, base64(JSON.stringify(file))])),
    ),
  );
}

/** Starts a real runner against `backend`, in a folder of its own, and calls `use`. Nothing is left behind. */
export async function withRunner(
  backend: ScriptedBackend,
  options: TestRunnerOptions,
  use: (runner: TestRunner) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-runner-'));
  const service = runnerService(backend, { pollMs: options.pollMs ?? 5_000 });
  const server = serve({ fetch: service.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await writeRunner(root, '2.336.0', TEST_TIMES);
  for (const [name, text] of Object.entries(options.files?.({ root, url }) ?? {}))
    await writeFile(join(root, name), text);
  const runner = startRunner(root, url, options);
  try {
    await use(runner);
  } finally {
    killGroup(runner.process);
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What may be left of it: an error says that nothing is. */
function killGroup(child: ChildProcess): void {
  try {
    process.kill(-Number(child.pid), 'SIGKILL');
  } catch {}
}

function startRunner(root: string, url: string, options: TestRunnerOptions): TestRunner {
  const [command = 'bin/Runner.Listener', ...args] = options.command ?? ['bin/Runner.Listener', 'run'];
  const child = spawn(join(root, command), args, {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: root,
      RUNNER_ALLOW_RUNASROOT: '1',
      ACTIONS_RUNNER_INPUT_JITCONFIG: jitConfig(url),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  return { root, process: child, output: () => text, ended };
}

/** Whether the process still does something: not gone, and no zombie that its new parent has not buried yet. */
export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
