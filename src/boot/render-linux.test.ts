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
  idleTimeoutMs: 600_000,
};

test('the script as a whole', () => {
  expect(renderLinuxBoot(input)).toMatchSnapshot();
});

test('only the settings differ between two pools', () => {
  const other: LinuxBootInput = {
    ...{ platform: 'linux-arm64', roleId: 'AROAOTHER', mailboxTable: 'other', bucket: 'other', rootDir: '/scratch/a' },
    ...{
      bootDeadlineMs: 1_000,
      lifetimeMs: 2_000,
      idleTimeoutMs: 1_000,
      pauses: { pollMs: 100, relaunchMs: 50, updateMs: 300 },
    },
    endpoints: { metadata: 'http://127.0.0.1:1/i/1', dynamodb: 'http://127.0.0.1:1', s3: 'http://127.0.0.1:1/b' },
  };
  const lines = renderLinuxBoot(other).split('\n');
  const differing = renderLinuxBoot(input)
    .split('\n')
    .filter((line, n) => line !== lines[n]);
  expect(differing).toHaveLength(12);
  expect(differing.filter((line) => !/^[A-Z0-9_]+=/.test(line))).toEqual([]);
  expect(lines).toContain('POLL_S=0.1 RELAUNCH_S=0.05 UPDATE_WAIT_MS=300');
  expect(lines).toContain('BOOT_DEADLINE_MS=1000 BOOT_LIMIT_MS=900');
});

test('there is room for more in the user data', () => {
  expect(renderLinuxBoot(input).length).toBeLessThan(LINUX_BOOT_BYTES - 1_500);
  expect(() => renderLinuxBoot({ ...input, rootDir: `/${'x'.repeat(3_000)}` })).toThrow('more than 12288');
});

test('setup commands come before the letter, quoted, after what the image lacks', () => {
  const script = renderLinuxBoot({ ...input, setupCommands: ['echo \'it is\' \\"x\\"', 'a\n  # b'] });
  expect(script).toContain(`\nfi'\n'echo '\\''it is'\\'' \\"x\\"'\n'a\n  # b'\n)`);
  expect(script.indexOf('SETUP=(')).toBeGreaterThan(script.indexOf('USER_ID="$ROLE_ID'));
  expect(script.indexOf('phase setup')).toBeLessThan(script.indexOf('TAKE='));
  expect(renderLinuxBoot({ ...input, setupCommands: [] })).toBe(renderLinuxBoot(input));
  expect(() => renderLinuxBoot({ ...input, setupCommands: ['\0'] })).toThrow('NUL');
  expect(() => renderLinuxBoot({ ...input, setupCommands: ['é'.repeat(1_500)] })).toThrow('bytes with its setup');
});

test('placeholders may stand for what is known only when it is deployed', () => {
  const placeholders = { roleId: 'MAYFLY0ROLE0ID', mailboxTable: 'MAYFLY0MAILBOX', bucket: 'MAYFLY0BUCKET' };
  expect(renderLinuxBoot({ ...input, ...placeholders })).toContain("ROLE_ID='MAYFLY0ROLE0ID'");
});

test('it never asks bash for the exit status of a substituted process: a few in ten thousand are lost', () => {
  const script = renderLinuxBoot(input);
  expect(script).toContain('exec {output}< <(');
  expect(script).not.toMatch(/^\s*wait\b|[;&|] wait\b/m);
});

test('every code that it reports is one of ours', () => {
  const whole = renderLinuxBoot({ ...input, setupCommands: ['true'] });
  const codes = [...whole.matchAll(/(?:(?:\|\||then|^) ?fail|check_clock) ([a-z-]+)/gm)].map(
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
