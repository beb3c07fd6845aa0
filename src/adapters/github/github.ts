/** GitHub, spoken to as an App. */
import { limits } from '../../core/limits.ts';
import type { Clock, Deliveries, GitHub, GitHubJobs } from '../../core/ports.ts';
import { createAppAuth } from './app-auth.ts';
import { createAppCall } from './app-call.ts';
import { createClient } from './client.ts';
import { createJitConfig } from './create-jit-config.ts';
import { deleteRunner } from './delete-runner.ts';
import { listDeliveries, redeliver } from './deliveries.ts';
import { findInstallation, type InstallationOutcome } from './find-installation.ts';
import { findJob } from './find-job.ts';
import { findRunner } from './find-runner.ts';
import { getRunner } from './get-runner.ts';
import { createInstallationCall, type GitHubAccess } from './installation-call.ts';
import { listRunners } from './list-runners.ts';
import { pinnedDownloads } from './pinned-downloads.ts';
import { rerunJob } from './rerun-job.ts';
import { runnerDownloads } from './runner-downloads.ts';
import { unfinishedJobs } from './unfinished-jobs.ts';

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
  readonly jobs: GitHubJobs;
  readonly deliveries: Deliveries;
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
  const appAccess = { callAsApp: createAppCall(auth, send), clock };
  const github = githubOf(access);
  return {
    github,
    jobs: {
      findJob: (...job) => findJob(access, ...job),
      unfinishedJobs: (...runs) => unfinishedJobs(access, ...runs),
      rerunJob: (...job) => rerunJob(access, ...job),
    },
    deliveries: {
      list: (cursor) => listDeliveries(appAccess, cursor),
      redeliver: (deliveryId) => redeliver(appAccess, deliveryId),
    },
    findInstallation: (owner) => findInstallation({ ...access, ...appAccess }, owner),
    pinnedTo: (version) => ({
      ...github,
      runnerDownloads: (installationId) => pinnedDownloads(access, installationId, version),
    }),
    prepare: async (installationId) => {
      if (installationId !== undefined) await auth.token(installationId);
    },
  };
}

const githubOf = (access: GitHubAccess): GitHub => ({
  createJitConfig: (request) => createJitConfig(access, request),
  deleteRunner: (...runner) => deleteRunner(access, ...runner),
  findRunner: (...runner) => findRunner(access, ...runner),
  getRunner: (...runner) => getRunner(access, ...runner),
  listRunners: (...scope) => listRunners(access, ...scope),
  runnerDownloads: (...scope) => runnerDownloads(access, ...scope),
});
