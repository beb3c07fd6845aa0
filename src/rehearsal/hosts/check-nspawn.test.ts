import { expect, test } from 'vitest';
import { checkNspawn, type Machine } from './check-nspawn.ts';

const good: Machine = { platform: 'linux', uid: 0, hasProgram: () => true };
const without = (...names: string[]) => ({ hasProgram: (name: string) => !names.includes(name) });

test('a machine that can', () => {
  expect(() => checkNspawn(good)).not.toThrow();
});

test.each<[string, Partial<Machine>, RegExp]>([
  ['another system', { platform: 'darwin' }, /MF2012 .*need Linux; this is darwin/],
  ['not root', { uid: 1000 }, /MF2012 .*need root; this is user 1000/],
  ['a program', without('mmdebstrap'), /Missing: mmdebstrap \(apt-get install mmdebstrap\)/],
  ['all', without('unshare', 'nsenter', 'systemd-nspawn'), /\(apt-get install systemd-container util-linux\)/],
])('a machine that can not: %s', (_, lack, message) => {
  expect(() => checkNspawn({ ...good, ...lack })).toThrow(message);
});
