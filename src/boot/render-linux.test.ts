import { expect, test } from 'vitest';
import { USED } from '../adapters/mail.ts';
import { CODES } from '../core/codes.ts';
import { LINUX_BOOT_BYTES, type LinuxBootInput, renderLinuxBoot } from './render-linux.ts';

const input: LinuxBootInput = {
  platform: 'linux-x64',
  roleId: 'AROAEXAMPLE',
  mailboxTable: 'mayfly-mailbox',
  bucket: 'mayfly-runners',
  bootDeadlineMs: 300_000,
  lifetimeMs: 21_600_000,
};

test('the script as a whole', () => {
  expect(renderLinuxBoot(input)).toMatchSnapshot();
});

test('only the settings differ between two pools', () => {
  const other: LinuxBootInput = {
    ...{ platform: 'linux-arm64', roleId: 'AROAOTHER', mailboxTable: 'other', bucket: 'other', rootDir: '/scratch/a' },
    ...{ bootDeadlineMs: 1_000, lifetimeMs: 2_000, pauses: { pollMs: 100, relaunchMs: 50, updateMs: 300 } },
    endpoints: { metadata: 'http://127.0.0.1:1/i/1', dynamodb: 'http://127.0.0.1:1', s3: 'http://127.0.0.1:1/b' },
  };
  const lines = renderLinuxBoot(other).split('\n');
  const differing = renderLinuxBoot(input)
    .split('\n')
    .filter((line, n) => line !== lines[n]);
  expect(differing).toHaveLength(11);
  expect(differing.filter((line) => !/^readonly [A-Z0-9_]+=/.test(line))).toEqual([]);
  expect(lines).toContain('readonly POLL_S=0.1 RELAUNCH_S=0.05 UPDATE_WAIT_MS=300');
  expect(lines).toContain('readonly BOOT_DEADLINE_MS=1000 BOOT_REPORT_MS=100');
});

test('there is room for more in the user data', () => {
  expect(renderLinuxBoot(input).length).toBeLessThan(LINUX_BOOT_BYTES);
  expect(() => renderLinuxBoot({ ...input, rootDir: `/${'x'.repeat(2_000)}` })).toThrow('bytes, more than 12288');
});

test('every code that it reports is one of ours', () => {
  const codes = [...renderLinuxBoot(input).matchAll(/(?:(?:\|\||then) fail|check_clock) ([a-z-]+)/g)].map(
    ([, code]) => code as string,
  );
  expect(codes.length).toBeGreaterThan(8);
  expect(codes.filter((code) => !(code in CODES))).toEqual([]);
});

test('it marks a taken letter as the control plane expects', () => {
  expect(renderLinuxBoot(input)).toContain(`':used':{'S':'${USED}'`);
});

test.each<[string, Partial<LinuxBootInput>]>([
  ['a quote', { roleId: "AROA'; reboot; '" }],
  ['nothing', { roleId: '' }],
  ['a table name with a blank', { mailboxTable: 'mail box' }],
  ['a bucket with a dot', { bucket: 'my.bucket' }],
  ['a second line', { bucket: 'bucket\nreboot' }],
  ['an expansion', { rootDir: '/tmp/$(reboot)' }],
  ['a relative folder', { rootDir: 'tmp' }],
  [
    'an endpoint with a slash at its end',
    { endpoints: { metadata: 'http://a/', dynamodb: 'http://a', s3: 'http://a' } },
  ],
  ['an endpoint of another kind', { endpoints: { metadata: 'file:///etc', dynamodb: 'http://a', s3: 'http://a' } }],
  ['half a millisecond', { bootDeadlineMs: 0.5 }],
  ['no time', { lifetimeMs: 0 }],
  ['no number', { lifetimeMs: Number.NaN }],
  ['a life shorter than the boot', { bootDeadlineMs: 300_000, lifetimeMs: 300_000 }],
])('refused: %s', (_, wrong) => {
  expect(() => renderLinuxBoot({ ...input, ...wrong })).toThrow();
});
