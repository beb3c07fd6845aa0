/**
 * Brings the runner packages that GitHub offers into the cache, and points the instances to them. When GitHub is down,
 * or a package is corrupt, what lies there stays current.
 */
import type { GitHub, GitHubFailure, RunnerDownload, RunnerStore, Table } from './ports.ts';
import { runnerKey } from './records.ts';
import type { Platform, Scope } from './types.ts';

export interface CacheDeps {
  readonly github: GitHub;
  readonly store: RunnerStore;
  readonly table: Table;
}

export type Refreshed =
  /** Now current: stored anew, or there already. */
  | { readonly platform: Platform; readonly kind: 'current'; readonly version: string }
  | { readonly platform: Platform; readonly kind: 'corrupt' | 'unavailable' | 'not-offered' };

/** Looks after each platform by itself: one that fails keeps no other from being refreshed. */
export async function refreshRunnerCache(
  deps: CacheDeps,
  installationId: number,
  scope: Scope,
  platforms: readonly Platform[],
): Promise<readonly Refreshed[] | GitHubFailure> {
  const offered = await deps.github.runnerDownloads(installationId, scope);
  if (offered.kind !== 'ok') return offered;
  return Promise.all(
    platforms.map((platform) => {
      const download = offered.downloads.find((one) => one.platform === platform);
      return download ? refresh(deps, download) : ({ platform, kind: 'not-offered' } as const);
    }),
  );
}

/** Named after version and content, so that an instance that was sent for an older one still finds it. */
const cacheKey = ({ platform, version, sha256 }: RunnerDownload) =>
  `runner/${platform}/${version}-${sha256.slice(0, 12)}${platform === 'windows-x64' ? '.zip' : '.tar.gz'}`;

async function refresh(deps: CacheDeps, download: RunnerDownload): Promise<Refreshed> {
  const { platform, version, url, sha256 } = download;
  const key = cacheKey(download);
  if (!(await deps.store.has(key))) {
    const stored = await deps.store.store(key, url, sha256);
    if (stored !== 'ok') return { platform, kind: stored };
  }
  const pointed = await point(deps.table, platform, { key, sha256, version });
  return pointed ? { platform, kind: 'current', version } : { platform, kind: 'unavailable' };
}

/** Last, and in one write: nobody is sent for a package that does not lie there yet. */
async function point(
  table: Table,
  platform: Platform,
  runner: { key: string; sha256: string; version: string },
): Promise<boolean> {
  const place = runnerKey(platform);
  const read = await table.read([place]);
  if (read === 'unavailable') return false;
  const [before] = read;
  if (before?.key === runner.key) return true;
  const seen = before?.v ?? 0;
  const written = await table.write([{ kind: 'put', item: { ...place, ...runner, v: seen + 1 }, ifVersion: seen }]);
  return written.kind === 'ok';
}
