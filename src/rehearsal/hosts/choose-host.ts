import { CodedError } from '../../core/codes.ts';
import { checkNspawn } from './check-nspawn.ts';
import { prepareRootfs } from './nspawn-rootfs.ts';

/** What the instances of a rehearsal are. */
export type HostChoice =
  | { readonly kind: 'process' }
  /** `rootfs`: folder of the machines' root file system. */
  | { readonly kind: 'nspawn'; readonly rootfs: string };

/**
 * By its name: `process` or `nspawn`, for which a root file system is made if there is none; `onBuild` is told so.
 * @throws CodedError `bad-option`, `host-unavailable`.
 */
export async function chooseHost(name: string, onBuild: (folder: string) => void): Promise<HostChoice> {
  if (name === 'process') return { kind: 'process' };
  if (name !== 'nspawn') throw new CodedError('bad-option', `--host is process or nspawn, not "${name}".`);
  checkNspawn();
  return { kind: 'nspawn', rootfs: await prepareRootfs(onBuild) };
}
