/** The root file system of the machines: Debian 13 with cloud-init, made once and kept in the user's cache. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../../core/codes.ts';

const SUITE = 'trixie';
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'cloud-init', 'iproute2', 'netbase', 'procps', 'sudo'],
  ...['curl', 'ca-certificates', 'tar', 'gzip', 'libicu76'],
];
const NO_DOCUMENTS = ['man', 'doc', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
/** It takes half a minute; a slow mirror may need more. */
const BUILD_MS = 600_000;

/** cloud-init looks for a module of this name here before it takes its own. */
const EC2_SHIM = `# A container has no DMI, by which the stock source knows EC2 and that version 2 of the metadata is needed.
# Say what EC2's DMI would have said, and leave all the rest to the stock code.
from cloudinit import sources
from cloudinit.sources import DataSourceEc2 as stock

stock.identify_platform = lambda: stock.CloudNames.AWS
datasources = [(stock.DataSourceEc2, (sources.DEP_FILESYSTEM, sources.DEP_NETWORK))]


def get_datasource_list(depends):
    return sources.list_from_depends(depends, datasources)
`;

/** Beside Ec2 no other source may stand: cloud-init would have to guess, and in a container guesses wrong. */
const CLOUD_CONFIG = `datasource_list: [ Ec2 ]
network: {config: disabled}
datasource: {Ec2: {metadata_urls: ["http://169.254.169.254"], timeout: 5, max_wait: 30}}
`;

/** What is laid over the packages. Names that do not resolve would make each \`sudo\` wait for 20 s. */
const FILES: Readonly<Record<string, string>> = {
  'etc/cloud/cloud.cfg.d/90_mayfly.cfg': CLOUD_CONFIG,
  'etc/cloud/ds-identify.cfg': 'datasource: Ec2\npolicy: enabled\n',
  'usr/lib/python3/dist-packages/DataSourceEc2.py': EC2_SHIM,
  'etc/hosts': '127.0.0.1 localhost\n127.0.1.1 ip-10-0-0-10 ip-10-0-0-10.ec2.internal\n',
  'etc/hostname': 'ip-10-0-0-10\n',
  'etc/resolv.conf': '',
  'etc/machine-id': '',
};

/** Its folder; built first when it is not there, which `onBuild` is told. @throws CodedError `host-unavailable`. */
export async function prepareRootfs(onBuild: (folder: string) => void): Promise<string> {
  const folder = rootfsFolder();
  if (existsSync(folder)) return folder;
  onBuild(folder);
  const draft = `${folder}.draft-${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  try {
    await build(draft);
    renameSync(draft, folder);
  } catch (error) {
    // Another rehearsal may have been faster.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

function rootfsFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const content = JSON.stringify([SUITE, PACKAGES, NO_DOCUMENTS, FILES]);
  return join(cache, 'mayfly', `debian-13-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`);
}

async function build(folder: string): Promise<void> {
  const args = ['--quiet', '--variant=minbase', '--format=directory', `--include=${PACKAGES.join(',')}`];
  try {
    await promisify(execFile)('mmdebstrap', [...args, ...NO_DOCUMENTS, SUITE, folder], { timeout: BUILD_MS });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new CodedError('host-unavailable', `mmdebstrap failed: ${stderr?.trim().split('\n').at(-1) ?? error}.`);
  }
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    rmSync(join(folder, name), { force: true });
    writeFileSync(join(folder, name), text);
  }
}
