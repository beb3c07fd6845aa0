/** GitHub, spoken to as an App. */
import { limits } from '../../core/limits.ts';
import type { Clock, GitHub } from '../../core/ports.ts';
import { createAppAuth } from './app-auth.ts';
import { createClient } from './client.ts';
import { createJitConfig } from './create-jit-config.ts';
import { deleteRunner } from './delete-runner.ts';
import { findRunner } from './find-runner.ts';
import { createInstallationCall } from './installation-call.ts';
import { runnerDownloads } from './runner-downloads.ts';

export interface GitHubOptions {
  /** Default `https://api.github.com`. Of a GitHub Enterprise Server: `https://HOST/api/v3`. */
  readonly baseUrl?: string;
  /** The App's id or its client id. */
  readonly appId: string;
  /** PEM. A wrong one makes every call `auth`. */
  readonly privateKey: string;
  readonly clock: Clock;
  /** Of one request. Default 10,000, which is when GitHub itself gives up. */
  readonly timeoutMs?: number;
}

/** Tokens and connections live as long as what this returns: make it once. */
export function createGitHub(options: GitHubOptions): GitHub {
  const { baseUrl = 'https://api.github.com', appId, privateKey, clock, timeoutMs = 10_000 } = options;
  const send = createClient({ baseUrl, clock, timeoutMs, mostConnections: limits.concurrentJitConfigs });
  const call = createInstallationCall(createAppAuth({ appId, privateKey, clock, send }), send, clock);
  const access = { call, clock };
  return {
    createJitConfig: (request) => createJitConfig(access, request),
    deleteRunner: (...runner) => deleteRunner(access, ...runner),
    findRunner: (...runner) => findRunner(access, ...runner),
    runnerDownloads: (...scope) => runnerDownloads(access, ...scope),
  };
}
