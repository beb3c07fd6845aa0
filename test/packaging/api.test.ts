import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test('API.md says what the constructs say: else `npm run docs:api`', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-api-'));
  try {
    const file = join(folder, 'API.md');
    execFileSync(process.execPath, [join(root, 'node_modules/jsii-docgen/bin/jsii-docgen'), '-o', file], {
      cwd: root,
      timeout: 60_000,
      stdio: 'pipe',
    });
    expect(readFileSync(file, 'utf8') === readFileSync(join(root, 'API.md'), 'utf8')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
