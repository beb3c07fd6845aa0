/** A rig whose instances are machines, some of them with another disk. For tests. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NspawnHost } from '../../src/rehearsal/hosts/nspawn-host.ts';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { openRigOn, type Rig, type RigOptions } from './boot-rig.ts';

export interface MachineRigOptions extends RigOptions {
  /** Put over the disk: path -> text. All are executable. */
  readonly files?: Readonly<Record<string, string>>;
}

export type MachineRig = Rig<NspawnHost>;

/** `close()` removes what was put over the disk, too. */
export async function openMachineRig({ files = {}, ...options }: MachineRigOptions = {}): Promise<MachineRig> {
  const rootfs = await prepareRootfs(() => {});
  const over = mkdtempSync(join(tmpdir(), 'mayfly-disk-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(over, path)), { recursive: true });
    writeFileSync(join(over, path), text, { mode: 0o755 });
  }
  // The keeper hands it to overlayfs, which takes several folders, the upper first.
  const rig = await openRigOn((given) => new NspawnHost({ ...given, rootfs: `${over}:${rootfs}` }), options);
  return {
    ...rig,
    async close() {
      await rig.close();
      rmSync(over, { recursive: true });
    },
  };
}
