import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { CodedError } from '../../core/codes.ts';
import type { RunnerPackage } from './http/download-routes.ts';
import { githubApp } from './http/github-app.ts';
import type { GitHubModel } from './model/model.ts';
import { sendDeliveries } from './send-deliveries.ts';

const TICK_MS = 1_000;

export interface ServeGitHubOptions {
  readonly model: GitHubModel;
  /** Of the App, as PEM: its JWTs are verified with it. */
  readonly appPublicKey: string;
  /** Runner packages to offer. Default: none. */
  readonly packages?: readonly RunnerPackage[];
  /** What connected runners talk to, mounted at `/_runner`: `runnerService(model)`. Default: nothing is there. */
  readonly runnerService?: Hono;
  /** Default: any free one. */
  readonly port?: number;
}

export interface GitHubServer {
  /** `http://127.0.0.1:<port>`: the base URL of the REST API, and where packages and runners are served. */
  readonly url: string;
  readonly port: number;
  /** Ends everything at once: open connections and long polls, deliveries on their way, timers. Safe to repeat. */
  close(): Promise<void>;
}

/**
 * Puts the model on HTTP on this machine, gives it its origin, sends its webhooks and lets its time pass.
 * Throws `port-in-use`.
 */
export async function serveGitHub(options: ServeGitHubOptions): Promise<GitHubServer> {
  const { model } = options;
  const shell = { model, appPublicKey: createPublicKey(options.appPublicKey) };
  const app = githubApp(shell, options.packages ?? [], options.runnerService);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const port = await listen(server, options.port ?? 0);
  const url = `http://127.0.0.1:${port}`;
  model.setOrigin(url);
  const sender = sendDeliveries(model);
  const ticker = setInterval(() => model.tick(), TICK_MS);
  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(ticker);
    await Promise.all([sender.close(), closeServer(server)]);
  };
  return {
    url,
    port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new CodedError('port-in-use', `port: ${port}`);
    throw error;
  }
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
