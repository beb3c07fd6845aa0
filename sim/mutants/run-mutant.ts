/** Bundles the simulator with a mutant inside, and looks whether it is noticed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { runOnThreads } from '../thread-pool.ts';
import { type Mutant, mutate } from './mutant.ts';
import type { Verdict } from './probe.ts';

/** Of a checkout, from its folder. */
export const ENTRY = 'sim/worker.ts';

export interface MutantResult extends Verdict {
  readonly tookMs: number;
}

export async function runMutant(mutant: Mutant): Promise<MutantResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-mutant-'));
  try {
    const outfile = join(folder, 'worker.mjs');
    await bundleWorker(outfile, [replaceText(mutant)]);
    const startedAt = performance.now();
    const verdict = await probeOnThread(outfile, mutant);
    return { ...verdict, tookMs: performance.now() - startedAt };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function bundleWorker(outfile: string, plugins: Plugin[] = []): Promise<void> {
  // Only here: all else runs without it.
  const { build } = await import('esbuild');
  await build({
    entryPoints: [ENTRY],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'silent',
    plugins,
  });
}

function replaceText({ changes }: Mutant): Plugin {
  const contents = new Map<string, string>();
  for (const change of changes)
    contents.set(change.file, mutate(change, contents.get(change.file) ?? readFileSync(change.file, 'utf8')));
  return {
    name: 'mutant',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const mutated = contents.get(relative(process.cwd(), path));
        return mutated === undefined ? undefined : { contents: mutated, loader: 'ts' };
      });
    },
  };
}

async function probeOnThread(outfile: string, { killers }: Mutant): Promise<Verdict> {
  const tasks = [{ kind: 'probe', killers } as const];
  let verdict: Verdict = { worlds: 0 };
  await runOnThreads({
    entry: pathToFileURL(outfile),
    threads: 1,
    nextTask: () => tasks.pop(),
    onAnswer: (answer) => {
      verdict = answer;
    },
  });
  return verdict;
}
