import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { renderLinuxBoot } from '../../src/boot/render-linux.ts';
import { renderShims } from '../../src/rehearsal/hosts/shims.ts';

/** What shellcheck finds; all that is optional too would be noise. */
const shellcheck = (script: string) => {
  const { status, stdout, stderr } = spawnSync('shellcheck', ['-'], { input: script, encoding: 'utf8' });
  return { status, found: stdout + stderr };
};

const clean = { status: 0, found: '' };

test.each(['linux-x64', 'linux-arm64'] as const)('the boot script for %s', (platform) => {
  const pool = { platform, roleId: 'AROATEST', mailboxTable: 'mailbox', bucket: 'runner-bucket' };
  const limits = { bootDeadlineMs: 300_000, lifetimeMs: 3_600_000 };
  expect(shellcheck(renderLinuxBoot({ ...pool, ...limits }))).toEqual(clean);
  expect(shellcheck(renderLinuxBoot({ ...pool, ...limits, setupCommands: ['echo done'] }))).toEqual(clean);
});

const shims = renderShims({ stateDir: "/tmp/it's here", path: '/usr/bin:/bin' });
test.each(Object.entries(shims))('the stand-in for %s', (_, script) => {
  expect(shellcheck(script)).toEqual(clean);
});

test('a script with a fault is found out', () => {
  expect(shellcheck('#!/bin/bash\nrm $1\n')).toMatchObject({ status: 1, found: expect.stringContaining('SC2086') });
});
