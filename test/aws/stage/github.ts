/** The GitHub stand-in as a GitHub Enterprise Server: over HTTPS with a certificate of its own, the API at /api/v3. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRunnerKey } from '../../../src/rehearsal/github/create-runner-key.ts';
import { GitHubModel } from '../../../src/rehearsal/github/model/model.ts';
import { runnerService } from '../../../src/rehearsal/github/runner-service.ts';
import { serveGitHub } from '../../../src/rehearsal/github/serve-github.ts';
import { buildRunnerTarball } from '../../../src/rehearsal/runner/build-runner-tarball.ts';

export const ORGANIZATION = 'acme';
export const REPOSITORY = `${ORGANIZATION}/app`;
export const RUNNER_VERSION = '2.336.0';
const APP_ID = 4_711;
export const INSTALLATION_ID = 7_000_001;

export interface StageGitHub {
  readonly model: GitHubModel;
  /** `https://127.0.0.1:<port>`: for the fleet's `githubUrl`. */
  readonly url: string;
  readonly port: number;
  /** File: what `NODE_EXTRA_CA_CERTS` must name, and curl's `--cacert`. */
  readonly certificate: string;
  /** As it lies in the secret. */
  readonly appCredentials: object;
  close(): Promise<void>;
}

export async function openGitHub(folder: string): Promise<StageGitHub> {
  const appKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const model = new GitHubModel({
    // Looked up each time: the stage's clock can be moved.
    clock: () => Date.now(),
    seed: randomBytes(8).toString('hex'),
    app: { id: APP_ID, slug: 'mayfly-stage' },
    installation: { id: INSTALLATION_ID, organization: ORGANIZATION },
    runnerKey: createRunnerKey(),
  });
  model.addRepository({ name: 'app', private: true });
  const tarball = await buildRunnerTarball(folder, RUNNER_VERSION);
  const packages = [{ platform: 'linux-x64' as const, ...tarball, content: tarball.path }];
  const inside = await serveGitHub({
    model,
    appPublicKey: appKey.publicKey,
    packages,
    runnerService: runnerService(model),
  });
  const front = await openFront(folder, inside.port);
  model.setOrigin(front.url);
  return {
    model,
    ...front,
    appCredentials: { appId: String(APP_ID), privateKey: appKey.privateKey, installationId: INSTALLATION_ID },
    close: async () => {
      await front.close();
      await inside.close();
    },
  };
}

async function openFront(folder: string, insidePort: number) {
  const [certificate, key] = [join(folder, 'github.pem'), join(folder, 'github-key.pem')];
  const python = process.env.MAYFLY_PYTHON ?? 'python3';
  await promisify(execFile)(python, ['-B', join(import.meta.dirname, 'make_certificate.py'), certificate, key]);
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (incoming, response) => {
    const path = (incoming.url ?? '/').replace(/^\/api\/v3(?=\/)/, '');
    const { method, headers } = incoming;
    const sent = forward({ host: '127.0.0.1', port: insidePort, path, method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    sent.on('error', () => response.destroy());
    response.on('close', () => sent.destroy());
    incoming.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `https://127.0.0.1:${port}`, port, certificate, close };
}
