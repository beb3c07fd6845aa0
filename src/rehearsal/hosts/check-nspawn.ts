import { spawnSync } from 'node:child_process';
import { CodedError } from '../../core/codes.ts';

/** Program -> the apt package that brings it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  ip: 'iproute2',
};

/** What `checkNspawn` looks at. */
export interface Machine {
  readonly platform: string;
  /** 0: root. */
  readonly uid: number;
  hasProgram(name: string): boolean;
}

/** @throws CodedError `host-unavailable` where instances can not boot as systemd machines. Starts nothing. */
export function checkNspawn(machine: Machine = thisMachine()): void {
  const lack = whatIsMissing(machine);
  if (lack !== undefined) throw new CodedError('host-unavailable', lack);
}

function whatIsMissing({ platform, uid, hasProgram }: Machine): string | undefined {
  if (platform !== 'linux') return `They need Linux; this is ${platform}.`;
  const missing = Object.keys(PROGRAMS).filter((name) => !hasProgram(name));
  const packages = [...new Set(missing.map((name) => PROGRAMS[name]))];
  if (missing.length > 0) return `Missing: ${missing.join(', ')} (apt-get install ${packages.join(' ')}).`;
  return uid === 0 ? undefined : `They need root; this is user ${uid}.`;
}

const thisMachine = (): Machine => ({
  platform: process.platform,
  uid: process.getuid?.() ?? -1,
  hasProgram: (name) => spawnSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore' }).status === 0,
});
