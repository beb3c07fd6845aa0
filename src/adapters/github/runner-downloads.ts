import type { GitHub, RunnerDownload } from '../../core/ports.ts';
import type { Platform, Scope } from '../../core/types.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { runnersPath } from './runners-path.ts';

/** The packages for our platforms. One without a sha256 is left out: nothing would prove that it is the right one. */
export async function runnerDownloads(
  { call, clock }: GitHubAccess,
  installationId: number,
  scope: Scope,
): ReturnType<GitHub['runnerDownloads']> {
  const request: GitHubRequest = { method: 'GET', path: `${runnersPath(scope)}/downloads`, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 200) return failureOf(request, reply, clock());
  if (!Array.isArray(reply.body)) return unreadable(request, reply);
  return { kind: 'ok', downloads: reply.body.flatMap((listed: ListedDownload) => downloadOf(listed) ?? []) };
}

interface ListedDownload {
  readonly os: string;
  readonly architecture: string;
  readonly download_url: string;
  /** `actions-runner-linux-x64-2.336.0.tar.gz` */
  readonly filename: string;
  readonly sha256_checksum?: string;
}

const platforms: Readonly<Record<string, Platform>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'win x64': 'windows-x64',
};

function downloadOf(listed: ListedDownload): RunnerDownload | undefined {
  const platform = platforms[`${listed.os} ${listed.architecture}`];
  const version = /-(\d+\.\d+\.\d+)\.(?:tar\.gz|zip)$/.exec(listed.filename)?.[1];
  const sha256 = listed.sha256_checksum?.toLowerCase() ?? '';
  if (platform === undefined || version === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  return { platform, version, url: listed.download_url, sha256 };
}
