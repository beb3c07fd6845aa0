import { openAsBlob } from 'node:fs';
import type { Context, Hono } from 'hono';
import type { Platform } from '../../../core/types.ts';
import { asInstallation } from './authenticate.ts';
import { type Shell, scopeOf } from './context.ts';
import { notFound } from './fail.ts';

/** A runner package to offer. */
export interface RunnerPackage {
  readonly platform: Platform;
  /** As GitHub names it: `actions-runner-linux-x64-2.336.0.tar.gz`. */
  readonly filename: string;
  readonly version: string;
  /** Of the content, in hexadecimal digits. */
  readonly sha256: string;
  /** The bytes, or the path of the file. */
  readonly content: Uint8Array<ArrayBuffer> | string;
}

const SYSTEMS: Readonly<Record<Platform, { readonly os: string; readonly architecture: string }>> = {
  'linux-x64': { os: 'linux', architecture: 'x64' },
  'linux-arm64': { os: 'linux', architecture: 'arm64' },
  'windows-x64': { os: 'win', architecture: 'x64' },
};

/** The list of packages, and the packages themselves, which anybody may fetch. Add before the runner routes. */
export function addDownloadRoutes(hono: Hono, shell: Shell, packages: readonly RunnerPackage[]): void {
  hono.get('/orgs/:org/actions/runners/downloads', asInstallation(shell, 'organization_self_hosted_runners'), list);
  hono.get('/repos/:owner/:repo/actions/runners/downloads', asInstallation(shell, 'administration'), list);

  hono.get('/actions/runner/releases/download/:tag/:filename', async (c) => {
    const { tag, filename } = c.req.param();
    const wanted = packages.find((one) => one.filename === filename && tag === `v${one.version}`);
    if (!wanted) return notFound(c);
    const { content } = wanted;
    const blob = typeof content === 'string' ? await openAsBlob(content) : new Blob([content]);
    c.header('Content-Length', String(blob.size));
    c.header('Content-Type', 'application/octet-stream');
    return c.body(blob.stream());
  });

  function list(c: Context) {
    if (!shell.model.listRunners(scopeOf(c))) return notFound(c);
    return c.json(packages.map((one) => packageJson(shell, one)));
  }
}

const packageJson = (shell: Shell, { platform, version, filename, sha256 }: RunnerPackage) => ({
  ...SYSTEMS[platform],
  download_url: `${shell.model.state.origin}/actions/runner/releases/download/v${version}/${filename}`,
  filename,
  sha256_checksum: sha256,
});
