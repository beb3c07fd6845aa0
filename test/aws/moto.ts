/** A moto server of our own on a free port: stateful stand-ins of the AWS APIs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const READY_WITHIN_MS = 20_000;
const EXTENSION = join(import.meta.dirname, 'stage', 'moto_extension.py');

/** As any AWS client takes it. */
export interface MotoAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface Moto {
  readonly access: MotoAccess;
  /** The end of what it wrote: the traceback, when it answers 500. */
  tail(): string;
  stop(): Promise<void>;
}

/** With what the deploy and the stage need beyond moto; and one request at a time, or its tables lose races of their own. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const python = process.env.MAYFLY_PYTHON ?? 'python3';
  const server = spawn(python, ['-B', EXTENSION, '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(server, 'exit');
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4_000);
  });
  const stop = async () => {
    server.kill('SIGKILL');
    await exited;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answers(endpoint))) {
    if (server.exitCode === null && Date.now() < deadline) {
      await pause(50);
      continue;
    }
    await stop();
    throw new Error(`moto did not start: ${python}, exit code ${server.exitCode}: ${said}`);
  }
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  return { access: { endpoint, region: 'us-east-1', credentials }, tail: () => said, stop };
}

async function answers(endpoint: string): Promise<boolean> {
  const status = fetch(`${endpoint}/moto-api/data.json`, { signal: AbortSignal.timeout(1_000) });
  return status.then(
    (reply) => reply.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
