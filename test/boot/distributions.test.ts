/** Amazon Linux and Ubuntu, as far as they go here: the machine says that it is one, and package managers only record. */
import { afterEach, expect, test } from 'vitest';
import { ONE_JOB } from './boot-rig.ts';
import { type MachineRig, openMachineRig } from './machine-rig.ts';

let rig: MachineRig;
afterEach(() => rig.close());

const recorder = '#!/bin/bash\necho "recorded: $(basename $0) $*" | tee /dev/console\n';

/** Boots a machine whose disk says that it is the system `id`, and gives what was recorded. */
async function boot(id: string, libraries: string, docker: boolean) {
  const files = {
    'etc/os-release': `NAME="As if"\nID="${id}"\n`,
    'usr/sbin/ldconfig': `#!/bin/sh\necho ${libraries}\n`,
    ...Object.fromEntries(['usr/bin/dnf', 'usr/bin/apt-get', 'usr/sbin/usermod'].map((name) => [name, recorder])),
    // There is no Docker here; what starts it is asked for all the same.
    'etc/systemd/system/docker.service': '[Service]\nType=oneshot\nExecStart=/bin/echo recorded: docker starts\n',
  };
  rig = await openMachineRig({ listener: ONE_JOB, files, boot: { docker } });
  await rig.give('i-1');
  rig.start('i-1');
  const { report, log } = await rig.ended('i-1');
  expect(report?.code).toBe('done');
  return [...new Set(log.match(/(?<=recorded: )[^\r\n]*/g))];
}

test('Amazon Linux 2023 as it comes', async () => {
  expect(await boot('amzn', 'libc.so.6', false)).toEqual(['dnf -qy install git libicu']);
});

test('Ubuntu 24.04 as it comes needs no package manager', async () => {
  expect(await boot('ubuntu', 'libicuuc.so.74', false)).toEqual([]);
});

test('Ubuntu with Docker', async () => {
  const apt = 'apt-get -o DPkg::Lock::Timeout=99';
  expect(await boot('ubuntu', 'libicuuc.so.74', true)).toEqual([
    ...[`${apt} update`, `${apt} -qy install docker.io`, 'usermod -aG docker runner'],
  ]);
});
