/** Synthesises an example as the CDK CLI would: a process of its own, through tsx. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureBundles } from '../../../src/constructs/constructs-test-support.ts';

const root = resolve(import.meta.dirname, '../../..');

export const EXAMPLES = ['minimal', 'several-pools'] as const;

/** The path of the template in a folder of its own, which is the caller's to remove. */
export function synthExample(name: (typeof EXAMPLES)[number]): { readonly folder: string; readonly template: string } {
  ensureBundles();
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-synth-'));
  execFileSync(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), `examples/${name}/app.ts`], {
    cwd: root,
    env: { PATH: process.env.PATH, CDK_OUTDIR: folder },
    timeout: 60_000,
  });
  const [template, ...more] = readdirSync(folder).filter((file) => file.endsWith('.template.json'));
  if (!template || more.length > 0) throw new Error(`${name} has not one template`);
  return { folder, template: join(folder, template) };
}
