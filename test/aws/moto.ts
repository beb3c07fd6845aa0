/** A moto server of our own on a free port: stateful stand-ins of the AWS APIs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { AwsAccess } from '../../src/adapters/aws/clients.ts';

const READY_WITHIN_MS = 20_000;

export interface Moto {
  readonly access: AwsAccess & { readonly endpoint: string };
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const python = process.env.MAYFLY_PYTHON ?? 'python3';
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const exited = once(server, 'exit');
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
    throw new Error(`moto did not start: ${python} -m moto.server, exit code ${server.exitCode}`);
  }
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  return { access: { endpoint, region: 'us-east-1', credentials }, stop };
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
