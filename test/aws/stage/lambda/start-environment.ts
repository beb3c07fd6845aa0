/** Starts an execution environment: a fresh process with nothing but the function's own environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from 'esbuild';

/** Lambda gives the init phase ten seconds. */
const INIT_MS = 10_000;
const WORKER = join(import.meta.dirname, 'worker.ts');

export interface DeployedFunction {
  readonly name: string;
  readonly arn: string;
  /** Folder with the code. */
  readonly folder: string;
  /** `index.handler`. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** As deployed; credentials and endpoint are added. */
  readonly variables: Readonly<Record<string, string>>;
}

export type Invoked =
  | { readonly kind: 'ok'; readonly result: unknown; readonly initMs?: number }
  | { readonly kind: 'error'; readonly error: string };

export interface Environment {
  /** Handles one event. A function that does not end in time is killed, and its environment with it. */
  invoke(event: unknown): Promise<Invoked>;
  readonly isAlive: boolean;
  readonly initMs: number;
  stop(): Promise<void>;
}

/** The worker as JavaScript, in a folder of the stage. */
export function writeWorker(folder: string): string {
  const file = join(folder, 'lambda', 'worker.mjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, transformSync(readFileSync(WORKER, 'utf8'), { loader: 'ts', format: 'esm' }).code);
  return file;
}

interface Said {
  readonly ready?: true;
  readonly initError?: string;
  readonly id?: string;
  readonly result?: string;
  readonly error?: string;
}

/** @throws Error when the init phase fails. `onLog` gets each line that the function writes. */
export async function startEnvironment(
  worker: string,
  one: DeployedFunction,
  variables: Readonly<Record<string, string>>,
  onLog: (line: string) => void,
): Promise<Environment> {
  const [moduleName = '', handlerName = ''] = one.handler.split('.');
  const startedAt = performance.now();
  const bundle = join(one.folder, `${moduleName}.mjs`);
  const child = spawn(process.execPath, [worker, bundle, handlerName, String(Date.now())], {
    cwd: one.folder,
    env: { ...one.variables, ...lambdaVariables(one), ...variables },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  readLines(child, onLog);
  const first = await answerOf(child, ({ ready, initError }) => ready === true || initError !== undefined, INIT_MS);
  if (first === 'exited' || first === 'late' || first.initError !== undefined) {
    await stop();
    throw new Error(`init of ${one.name}: ${typeof first === 'string' ? first : first.initError}`);
  }
  return {
    initMs: performance.now() - startedAt,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    stop,
    invoke: (event) => invoke(child, one, event, stop),
  };
}

let invocations = 0;

async function invoke(
  child: ChildProcess,
  one: DeployedFunction,
  event: unknown,
  stop: () => Promise<void>,
): Promise<Invoked> {
  invocations += 1;
  const id = `request-${invocations}`;
  const now = Date.now();
  child.send({ id, event, now, deadlineAt: now + one.timeoutMs });
  const said = await answerOf(child, (message) => message.id === id, one.timeoutMs);
  if (said === 'exited') return { kind: 'error', error: 'Runtime.ExitError' };
  if (said === 'late') {
    await stop();
    return { kind: 'error', error: `Sandbox.Timedout after ${one.timeoutMs} ms` };
  }
  if (said.error !== undefined) return { kind: 'error', error: said.error };
  return { kind: 'ok', result: said.result === undefined ? undefined : JSON.parse(said.result) };
}

function answerOf(
  child: ChildProcess,
  isIt: (said: Said) => boolean,
  withinMs: number,
): Promise<Said | 'exited' | 'late'> {
  return new Promise((resolve) => {
    const end = (answer: Said | 'exited' | 'late') => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(answer);
    };
    const onMessage = (said: Said) => {
      if (isIt(said)) end(said);
    };
    const onExit = () => end('exited');
    const timer = setTimeout(() => end('late'), withinMs);
    child.on('message', onMessage);
    child.once('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null) onExit();
  });
}

/** What Lambda sets: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const lambdaVariables = (one: DeployedFunction) => ({
  AWS_LAMBDA_FUNCTION_NAME: one.name,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(one.memoryMb),
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  LAMBDA_TASK_ROOT: one.folder,
  _HANDLER: one.handler,
  TZ: ':UTC',
});

function readLines(child: ChildProcess, onLog: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') onLog(line);
    });
  }
}
