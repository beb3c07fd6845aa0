/** The packages of one runner version, from what GitHub published of it: to runners it offers only its newest. */
import type { GitHub, RunnerDownload } from '../../core/ports.ts';
import type { Platform } from '../../core/types.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';

/** Has none on a GitHub Enterprise Server that does not hold `actions/runner`: then nothing replaces what is cached. */
export async function pinnedDownloads(
  { call, clock }: GitHubAccess,
  installationId: number,
  version: string,
): ReturnType<GitHub['runnerDownloads']> {
  const path = `/repos/actions/runner/releases/tags/v${encodeURIComponent(version)}`;
  const request: GitHubRequest = { method: 'GET', path, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 200) return failureOf(request, reply, clock());
  const { assets } = (reply.body ?? {}) as { assets?: readonly Asset[] };
  if (!Array.isArray(assets)) return unreadable(request, reply);
  return { kind: 'ok', downloads: assets.flatMap((asset: Asset) => downloadOf(asset, version) ?? []) };
}

interface Asset {
  readonly name: string;
  readonly browser_download_url: string;
  /** `sha256:<hexadecimal>` */
  readonly digest?: string | null;
}

const FILES: Readonly<Record<Platform, string>> = {
  'linux-x64': 'linux-x64-VERSION.tar.gz',
  'linux-arm64': 'linux-arm64-VERSION.tar.gz',
  'windows-x64': 'win-x64-VERSION.zip',
};

function downloadOf(asset: Asset, version: string): RunnerDownload | undefined {
  const found = Object.entries(FILES).find(
    ([, file]) => asset.name === `actions-runner-${file.replace('VERSION', version)}`,
  );
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(asset.digest ?? '')?.[1];
  if (!found || !sha256) return undefined;
  return { platform: found[0] as Platform, version, url: asset.browser_download_url, sha256 };
}
