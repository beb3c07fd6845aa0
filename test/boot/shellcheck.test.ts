import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { packagesCommand } from '../../src/boot/linux/packages.ts';
import { type LinuxBootInput, renderLinuxBoot } from '../../src/boot/render-linux.ts';
import { renderShims } from '../../src/rehearsal/hosts/shims.ts';

/** What shellcheck finds; all that is optional too would be noise. */
const shellcheck = (script: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('shellcheck', [...args, '-'], { input: script, encoding: 'utf8' });
  return { status, found: stdout + stderr };
};

const clean = { status: 0, found: '' };

const plain = {
  ...{ roleId: 'AROATEST', mailboxTable: 'mailbox', bucket: 'runner-bucket' },
  ...{ bootDeadlineMs: 300_000, lifetimeMs: 3_600_000, idleTimeoutMs: 600_000 },
};
const everything: Partial<LinuxBootInput> = {
  ...{ docker: true, setupCommands: ['echo done'] },
  policy: { repositories: ['acme/app'], publicRepositories: false, forkPullRequests: false },
  hooks: { jobStarted: '/opt/a.sh', jobCompleted: '/opt/b.sh' },
  proxy: { http: 'http://proxy:3128' },
};

test.each(['linux-x64', 'linux-arm64'] as const)('the boot script for %s', (platform) => {
  for (const more of [{}, everything]) {
    // 2016: text in single quotes is not expanded. That is what the quotes are for: other shells run it later.
    expect(shellcheck(renderLinuxBoot({ platform, ...plain, ...more }), '-e', 'SC2016')).toEqual(clean);
  }
});

test('the boot script of a canary', () => {
  const canary = { runnerKey: 'runner/2.336.0/x.tar.gz', runnerSha256: '0'.repeat(64) };
  const script = renderLinuxBoot({ platform: 'linux-x64', ...plain, canary });
  // 2034: what only a runner needs is set all the same, and the phases that read it are left out.
  expect(shellcheck(script, '-e', 'SC2016,SC2034')).toEqual(clean);
});

test('what runs apart from it: the job hook, and the installation of packages', () => {
  const script = renderLinuxBoot({ platform: 'linux-x64', ...plain, ...everything });
  const [, hook = ''] = /<<'HOOK'\n(.*)\nHOOK\n/s.exec(script) ?? [];
  expect(shellcheck(`#!/bin/bash\n${hook}\n`)).toEqual(clean);
  const packages = packagesCommand({ docker: true, caCertificates: 'x' });
  // 1091: /etc/os-release is not there to be read; 2154: it gives ID. 2086: a command of several words.
  expect(shellcheck(`#!/bin/bash\n${packages}\n`, '-e', 'SC1091,SC2154,SC2086')).toEqual(clean);
});

const shims = renderShims({ stateDir: "/tmp/it's here", path: '/usr/bin:/bin' });
test.each(Object.entries(shims))('the stand-in for %s', (_, script) => {
  expect(shellcheck(script)).toEqual(clean);
});

test('a script with a fault is found out', () => {
  expect(shellcheck('#!/bin/bash\nrm $1\n')).toMatchObject({ status: 1, found: expect.stringContaining('SC2086') });
});
