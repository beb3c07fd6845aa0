import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runnerFiles } from './runner-files.ts';
import { RUNNER_TIMES } from './times.ts';

export interface RunnerTarball {
  readonly filename: string;
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
  readonly version: string;
}

/**
 * Packs the stand-in runner into `directory`, as GitHub packs the official one: entries start with `./`, so that it is
 * extracted into an existing folder. Needs `tar` and `gzip`; rejects when they fail.
 */
export async function buildRunnerTarball(directory: string, version: string): Promise<RunnerTarball> {
  const layout = await mkdtemp(join(directory, 'runner-layout-'));
  const filename = `actions-runner-linux-x64-${version}.tar.gz`;
  const path = join(directory, filename);
  try {
    await writeRunner(layout, version);
    await promisify(execFile)('tar', ['-czf', path, '-C', layout, '.']);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { filename, path, sha256, version };
}

/** Writes the files of the runner below `root`, all of them executable. */
export async function writeRunner(root: string, version: string, times = RUNNER_TIMES): Promise<void> {
  for (const [name, text] of Object.entries(runnerFiles(version, times))) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text, { mode: 0o755 });
  }
}
