import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods';
import type { Hono } from 'hono';
import { afterEach, expect } from 'vitest';
import type { RunnerPackage } from '../../../src/rehearsal/github/http/download-routes.ts';
import type { GitHubModel } from '../../../src/rehearsal/github/model/model.ts';
import type { ModelOptions } from '../../../src/rehearsal/github/model/types.ts';
import { type GitHubServer, serveGitHub } from '../../../src/rehearsal/github/serve-github.ts';
import { type CheckedFetch, checkedFetch } from './checked-fetch.ts';
import { World } from './world.ts';

const Client = Octokit.plugin(restEndpointMethods);
export type Client = InstanceType<typeof Client>;

const newKey = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

export const appKey = newKey();

const content = new TextEncoder().encode('not really a runner');
export const runnerPackages: readonly RunnerPackage[] = (['linux-x64', 'linux-arm64', 'windows-x64'] as const).map(
  (platform) => ({
    platform,
    filename: `actions-runner-${platform.replace('windows', 'win')}-2.336.0.${platform === 'windows-x64' ? 'zip' : 'tar.gz'}`,
    version: '2.336.0',
    sha256: createHash('sha256').update(content).digest('hex'),
    content,
  }),
);

export interface StandIn {
  readonly world: World;
  readonly server: GitHubServer;
  readonly checked: CheckedFetch;
  readonly hook: HookReceiver;
  /** As the App's installation. */
  client(options?: { privateKey?: string }): Client;
  /** As the App itself. */
  appClient(): Client;
  /** A bare request with that Authorization header. */
  request(method: string, path: string, authorization?: string, body?: unknown): Promise<Response>;
}

const open: { close(): Promise<void>; checked: CheckedFetch }[] = [];

/** Ends what the test started, and holds all replies that it got against GitHub's documents. */
afterEach(async () => {
  for (const { close, checked } of open.splice(0)) {
    await close();
    expect(checked.faults).toEqual([]);
  }
});

/** The stand-in on a port, with a receiver for its webhooks. Its clock is the world's, which starts at the real time. */
export async function startStandIn(
  options: Partial<ModelOptions> = {},
  makeRunnerService?: (model: GitHubModel) => Hono,
): Promise<StandIn> {
  const hook = await startHookReceiver();
  const world = new World({ hook: { url: hook.url, secret: 'a secret' }, ...options });
  // Octokit signs with the real time.
  world.now = Date.now();
  const server = await serveGitHub({
    model: world.model,
    appPublicKey: appKey.publicKey,
    packages: runnerPackages,
    runnerService: makeRunnerService?.(world.model),
  });
  const checked = checkedFetch();
  open.push({ close: async () => void (await Promise.all([server.close(), hook.close()])), checked });
  const connect = (auth: object) =>
    new Client({
      baseUrl: server.url,
      authStrategy: createAppAuth,
      auth: { appId: 4711, privateKey: appKey.privateKey, ...auth },
      request: { fetch: checked.fetch },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
  return {
    world,
    server,
    checked,
    hook,
    client: (options) => connect({ installationId: 99_000_001, ...options }),
    appClient: () => connect({}),
    request: (method, path, authorization, body) =>
      checked.fetch(server.url + path, {
        method,
        headers: authorization === undefined ? {} : { authorization },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
  };
}

export interface ReceivedHook {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HookReceiver {
  readonly url: string;
  readonly received: ReceivedHook[];
  /** What it answers from now on. */
  answer(status: number): void;
  /** Resolves when that many were received in all. */
  count(wanted: number): Promise<readonly ReceivedHook[]>;
  close(): Promise<void>;
}

async function startHookReceiver(): Promise<HookReceiver> {
  const received: ReceivedHook[] = [];
  let status = 202;
  let tell = () => {};
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`answered ${status}`);
    tell();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
    received,
    answer: (code) => {
      status = code;
    },
    count: async (wanted) => {
      while (received.length < wanted)
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      return received;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The status of the error that a request of octokit ends in. */
export async function statusOf(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'no error',
    (error) => error.status,
  );
}
