/** GitHub, spoken to as an App. */
import { limits } from '../../core/limits.ts';
import type { Clock, GitHub } from '../../core/ports.ts';
import { createAppAuth } from './app-auth.ts';
import { createClient } from './client.ts';
import { createJitConfig } from './create-jit-config.ts';
import { deleteRunner } from './delete-runner.ts';
import { findInstallation, type InstallationOutcome } from './find-installation.ts';
import { findRunner } from './find-runner.ts';
import { createInstallationCall } from './installation-call.ts';
import { pinnedDownloads } from './pinned-downloads.ts';
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

export interface GitHubApp {
  readonly github: GitHub;
  /** The App's installation on an organisation or user. */
  findInstallation(owner: string): Promise<InstallationOutcome>;
  /** The same GitHub, where nothing but this version of the runner is to be had. */
  pinnedTo(version: string): GitHub;
  /** Makes the installation's token before it is needed. Never fails; an unknown installation is left for later. */
  prepare(installationId: number | undefined): Promise<void>;
}

export const createGitHub = (options: GitHubOptions): GitHub => createGitHubApp(options).github;

/** Tokens and connections live as long as what this returns: make it once. */
export function createGitHubApp(options: GitHubOptions): GitHubApp {
  const { baseUrl = 'https://api.github.com', appId, privateKey, clock, timeoutMs = 10_000 } = options;
  const send = createClient({ baseUrl, clock, timeoutMs, mostConnections: limits.concurrentJitConfigs });
  const auth = createAppAuth({ appId, privateKey, clock, send });
  const call = createInstallationCall(auth, send, clock);
  const access = { call, clock };
  const github: GitHub = {
    createJitConfig: (request) => createJitConfig(access, request),
    deleteRunner: (...runner) => deleteRunner(access, ...runner),
    findRunner: (...runner) => findRunner(access, ...runner),
    runnerDownloads: (...scope) => runnerDownloads(access, ...scope),
  };
  return {
    github,
    findInstallation: (owner) => findInstallation({ ...access, auth, send }, owner),
    pinnedTo: (version) => ({
      ...github,
      runnerDownloads: (installationId) => pinnedDownloads(access, installationId, version),
    }),
    prepare: async (installationId) => {
      if (installationId !== undefined) await auth.token(installationId);
    },
  };
}
