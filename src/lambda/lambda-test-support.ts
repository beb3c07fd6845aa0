/** For tests: the built bundles, each run in a process of its own against a scripted AWS. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export interface Bundles {
  path(name: string): string;
  remove(): void;
}

export function buildBundles(): Bundles {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-lambda-test-'));
  execFileSync(process.execPath, ['scripts/build.mjs', '--lambda', folder], { cwd: root });
  return {
    path: (name) => join(folder, name, 'index.mjs'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Loads the bundle, then invokes its handler with each message; a number among them moves the clock on (ms). */
const HOST = `
let ahead = 0;
let invocations = 0;
const now = Date.now;
Date.now = () => now() + ahead;
const { handler } = await import(process.argv[1]);
process.on('message', async (event) => {
  if (typeof event === 'number') { ahead += event; process.send({ moved: ahead }); return; }
  try { process.send({ answer: await handler(event, { awsRequestId: 'request-' + ++invocations }) }); }
  catch (error) { process.send({ error: { name: error.name, message: error.message, reason: error.reason } }); }
});
process.send({ ready: true });
`;

export interface Invoked<Answer> {
  readonly answer?: Answer;
  readonly error?: { readonly name: string; readonly message: string; readonly reason?: string };
}

export interface RunningFunction<Answer> {
  invoke(event: unknown): Promise<Invoked<Answer>>;
  moveClock(ms: number): Promise<void>;
  /** What it logged so far, parsed. */
  logged(): readonly Record<string, unknown>[];
  stop(): void;
}

/** Resolves when the module is loaded: what Lambda calls init is over. */
export async function startFunction<Answer>(
  bundle: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningFunction<Answer>> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOST, bundle], {
    env: {
      PATH: process.env.PATH,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'test-key',
      AWS_SESSION_TOKEN: 'test-token',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the function ended: ${stderr}`))),
  ]);
  return {
    invoke: (event) => ask(child, event),
    moveClock: async (ms) => void (await ask(child, ms)),
    logged: () => stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])),
    stop: () => child.kill('SIGKILL'),
  };
}

async function ask<Answer>(child: ChildProcess, message: unknown): Promise<Invoked<Answer>> {
  const answered = once(child, 'message', { signal: AbortSignal.timeout(20_000) });
  child.send(message as object);
  const [answer] = await answered;
  return answer;
}
