import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CodedError } from '../../core/codes.ts';
import { checkTools } from './check-tools.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-tools-'));
  for (const tool of ['bash', 'curl', 'tar', 'gzip', 'sha256sum', 'base64']) {
    const [real] = execFileSync('bash', ['-c', `type -P ${tool}`], { encoding: 'utf8' }).split('\n');
    symlinkSync(real as string, join(folder, tool));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const replace = (tool: string, script: string) => {
  rmSync(join(folder, tool));
  writeFileSync(join(folder, tool), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

function refusal(): { reason: string; message: string } | undefined {
  try {
    checkTools(folder);
    return undefined;
  } catch (error) {
    if (error instanceof CodedError) return { reason: error.reason, message: error.message };
    throw error;
  }
}

test('a machine that has all of them', () => {
  expect(refusal()).toBeUndefined();
});

test('no bash, or an old one', () => {
  replace('bash', 'echo 3');
  expect(refusal()).toMatchObject({ reason: 'no-bash', message: expect.stringContaining('Found: 3') });
  rmSync(join(folder, 'bash'));
  expect(refusal()).toMatchObject({ reason: 'no-bash', message: expect.stringContaining('Found: none') });
});

test('no curl, or one that signs wrongly', () => {
  replace('curl', 'echo "curl 7.88.1 (x86_64-pc-linux-gnu)"');
  expect(refusal()).toMatchObject({ reason: 'tool-missing', message: expect.stringContaining('curl 7.88.1') });
  rmSync(join(folder, 'curl'));
  expect(refusal()).toMatchObject({ reason: 'tool-missing', message: expect.stringContaining('curl: none') });
});

test('another tool is missing', () => {
  rmSync(join(folder, 'tar'));
  expect(refusal()).toMatchObject({ reason: 'tool-missing', message: expect.stringContaining('Missing: tar.') });
});
