import { gunzipSync } from 'node:zlib';
import { Duration } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { makeFleet, statementsOf, textOf, theOne } from './constructs-test-support.ts';
import { PoolImage, PoolPlatform, type RunnerPoolOptions } from './index.ts';

function makePool(options: Partial<RunnerPoolOptions> = {}) {
  const { fleet, stack } = makeFleet();
  fleet.addPool('windows', { labels: ['windows'], platform: PoolPlatform.WINDOWS_X64, ...options });
  return stack;
}

const templateOf = (options?: Partial<RunnerPoolOptions>) =>
  theOne(makePool(options), 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;

test('the launch template: the image of Windows Server, its root device enlarged', () => {
  const id = '/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base';
  const stack = makePool();
  const { LaunchTemplateData } = theOne(stack, 'AWS::EC2::LaunchTemplate').Properties;
  const { ImageId, BlockDeviceMappings, MetadataOptions } = LaunchTemplateData;
  expect(ImageId).toBe(`resolve:ssm:${id}`);
  expect(BlockDeviceMappings).toMatchObject([{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 100, Encrypted: true } }]);
  expect(MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
  const read = statementsOf(stack, 'Dispatch').find(({ Action }) => Action === 'ssm:GetParameters')?.Resource;
  expect(
    [read]
      .flat()
      .map(textOf)
      .filter((arn) => arn.endsWith(`parameter${id}`)),
  ).toHaveLength(1);
});

test('an image of your own has the root device of Windows, unless you say another', () => {
  const deviceOf = (image: PoolImage) => templateOf({ image }).BlockDeviceMappings[0].DeviceName;
  expect(deviceOf(PoolImage.ami('ami-0123456789abcdef0'))).toBe('/dev/sda1');
  expect(deviceOf(PoolImage.ssmParameter('/images/ci', { rootDeviceName: '/dev/xvda' }))).toBe('/dev/xvda');
});

test('the user data is for PowerShell, names role, mailbox and bucket, and fits', () => {
  const text = textOf(
    templateOf({ setupCommands: ['choco install git'], allowedRepositories: ['acme/shop'] }).UserData,
  );
  expect(text).toMatch(/^<powershell>\n[^<]*<Fleet.*\n<\/powershell>\n<detach>true<\/detach>\n$/s);
  expect(text).toMatch(/\$RoleId = '<FleetwindowsRole\w*\.RoleId>'/);
  expect(text).toMatch(/\$MailboxTable = '<FleetLauncherMailbox\w*>'/);
  expect(text).toMatch(/\$Bucket = '<FleetRunnerCacheBucket\w*>'/);
  expect(text).not.toMatch(/mayfly-mailbox-table|mayfly-bucket-name|AROA0MAYFLY|\$\{Token/);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(12 * 1024);
  const packed = gunzipSync(Buffer.from(/\$Packed = '([^']+)'/.exec(text)?.[1] ?? '', 'base64')).toString();
  expect(packed).toContain("$Setup = @('choco install git')");
  expect(packed).toContain("-notin 'acme/shop'");
  expect(packed).toContain("Deny 'jobs of public repositories'");
});

test('its boot may take 15 minutes, by the user data and by what the launcher knows', () => {
  const clocks = (options: Partial<RunnerPoolOptions>) => {
    const stack = makePool(options);
    const value = JSON.parse(textOf(theOne(stack, 'AWS::SSM::Parameter').Properties.Value));
    expect(value.platform).toBe('windows-x64');
    const { UserData } = theOne(stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
    expect(textOf(UserData)).toContain(`$BootDeadlineMs = ${value.bootDeadlineMs};`);
    expect(textOf(UserData)).toContain(`$LifetimeMs = ${value.lifetimeMs};`);
    return value.bootDeadlineMs;
  };
  expect(clocks({})).toBe(15 * 60_000);
  expect(clocks({ bootDeadline: Duration.minutes(20) })).toBe(20 * 60_000);
});

test('the runner cache keeps its package', () => {
  const { Variables } = theOne(makePool(), 'AWS::Lambda::Function', 'RunnerCache').Properties.Environment;
  expect(textOf(Variables.MAYFLY_PLATFORMS)).toBe('windows-x64');
});
