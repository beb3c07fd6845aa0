/** What is installed on which image, with the package managers replaced by recorders. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packagesCommand } from './linux/packages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-packages-'));
  for (const name of ['bin', 'etc', 'opt/mayfly', 'usr/local/share/ca-certificates', 'etc/pki/ca-trust/source/anchors'])
    mkdirSync(join(folder, name), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Image {
  readonly id?: string;
  readonly docker?: boolean;
  /** Programs and libraries that it has. */
  readonly has?: readonly string[];
  readonly caCertificates?: string;
  /** The package manager fails. */
  readonly fails?: boolean;
}

const RECORDED = ['dnf', 'apt-get', 'systemctl', 'usermod', 'update-ca-certificates', 'update-ca-trust'];
const bash = execFileSync('sh', ['-c', 'command -v bash'], { encoding: 'utf8' }).trim();

/** The commands that were run, and the exit status. */
function install({ id, has = [], docker = false, caCertificates, fails = false }: Image) {
  const program = (name: string, text: string) =>
    writeFileSync(join(folder, 'bin', name), `#!${bash}\n${text}\n`, { mode: 0o755 });
  if (id !== undefined) writeFileSync(join(folder, 'etc/os-release'), `NAME="Some Linux"\nID="${id}"\n`);
  for (const name of RECORDED) program(name, `echo "${name} $*" >>'${folder}/calls'`);
  if (fails) for (const name of ['dnf', 'apt-get']) program(name, 'echo "no network"; exit 100');
  for (const name of ['git', 'docker']) if (has.includes(name)) program(name, 'exit 0');
  program('ldconfig', `echo '${has.includes('icu') ? 'libicuuc.so.74 => /lib/libicuuc.so.74' : 'libc.so.6'}'`);
  program('tee', `exec ${execFileSync('sh', ['-c', 'command -v tee'], { encoding: 'utf8' }).trim()} "$@"`);
  const { status, stdout } = spawnSync(bash, ['-c', packagesCommand({ docker, caCertificates })], {
    ...{ cwd: folder, env: { PATH: join(folder, 'bin') }, encoding: 'utf8' },
  });
  return { status, stdout, calls: calls() };
}

function calls(): string[] {
  try {
    return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

const APT = 'apt-get -o DPkg::Lock::Timeout=99';

test.each<[string, Image, string[]]>([
  ['Amazon Linux as it comes', { id: 'amzn' }, ['dnf -qy install git libicu']],
  ['Amazon Linux with git', { id: 'amzn', has: ['git'] }, ['dnf -qy install libicu']],
  ['Amazon Linux, baked', { id: 'amzn', has: ['git', 'icu'] }, []],
  ['Ubuntu as it comes', { id: 'ubuntu', has: ['icu', 'git'] }, []],
  ['Ubuntu, minimal', { id: 'ubuntu' }, [`${APT} update`, `${APT} -qy install ^libicu[0-9]+$`]],
  ['Debian', { id: 'debian', has: ['icu'] }, []],
  ['an unknown system', { id: 'nixos' }, []],
  ['a system that does not say what it is', {}, []],
])('%s', (_, image, expected) => {
  const { status, calls } = install(image);
  expect({ status, calls }).toEqual({ status: 0, calls: expected });
});

describe('Docker', () => {
  const open = ['systemctl start docker', 'usermod -aG docker runner'];
  test.each<[string, Image, string[]]>([
    ['Amazon Linux', { id: 'amzn', has: ['git', 'icu'] }, ['dnf -qy install docker', ...open]],
    ['Ubuntu', { id: 'ubuntu', has: ['icu'] }, [`${APT} update`, `${APT} -qy install docker.io`, ...open]],
    ['baked', { id: 'ubuntu', has: ['icu', 'docker'] }, open],
  ])('%s', (_, image, expected) => {
    const { status, calls } = install({ ...image, docker: true });
    expect({ status, calls }).toEqual({ status: 0, calls: expected });
  });
});

test.each(['amzn', 'ubuntu'])('a package manager that fails, fails the boot: %s', (id) => {
  const { status, stdout } = install({ id, fails: true });
  expect({ status, stdout }).toEqual({ status: 100, stdout: 'no network\n' });
});

test.each([
  ['amzn', 'etc/pki/ca-trust/source/anchors/mayfly.pem', 'update-ca-trust '],
  ['ubuntu', 'usr/local/share/ca-certificates/mayfly.crt', 'update-ca-certificates '],
])('certificates are trusted before anything is fetched: %s', (id, file, update) => {
  const caCertificates = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const { status, calls } = install({ id, caCertificates });
  expect(status).toBe(0);
  expect(calls[0]).toBe(update);
  for (const name of [file, 'opt/mayfly/ca.pem']) expect(readFileSync(join(folder, name), 'utf8')).toBe(caCertificates);
});
