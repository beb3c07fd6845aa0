/** For tests: the worker, bundled as `npm run sim` has it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleWorker } from '../mutants/run-mutant.ts';

export interface Bundle {
  readonly entry: URL;
  remove(): void;
}

export async function bundleForTests(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-sim-'));
  const outfile = join(folder, 'worker.mjs');
  await bundleWorker(outfile);
  return { entry: pathToFileURL(outfile), remove: () => rmSync(folder, { recursive: true }) };
}
