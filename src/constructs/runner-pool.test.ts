import { Duration, aws_ec2 as ec2, Fn, Size, aws_s3 as s3 } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { LINUX, makeFleet, resourcesOf, statementsOf, textOf, theOne } from './constructs-test-support.ts';
import { InstanceMarket, OnDemandAllocation, PoolImage, PoolPlatform, type RunnerPoolOptions } from './index.ts';

const EC2_USER_DATA_BYTES = 16_384;

function makePool(options: Partial<RunnerPoolOptions> = {}) {
  const made = makeFleet();
  const pool = made.fleet.addPool('linux', { ...LINUX, ...options });
  return { ...made, pool };
}

const templateOf = (options?: Partial<RunnerPoolOptions>) =>
  theOne(makePool(options).stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;

test('the launch template: dies with its job, out of reach for containers, encrypted', () => {
  expect(templateOf()).toMatchObject({
    ImageId: 'resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id',
    EbsOptimized: true,
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: { HttpEndpoint: 'enabled', HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    BlockDeviceMappings: [
      {
        DeviceName: '/dev/sda1',
        Ebs: { Encrypted: true, DeleteOnTermination: true, VolumeType: 'gp3', VolumeSize: 100 },
      },
    ],
  });
});

test('the template tags network interfaces only, and names no market and no type', () => {
  const data = templateOf({ market: InstanceMarket.SPOT });
  expect(data.TagSpecifications.map(({ ResourceType }: { ResourceType: string }) => ResourceType)).toEqual([
    'network-interface',
  ]);
  expect(Object.keys(data)).not.toEqual(expect.arrayContaining(['InstanceMarketOptions']));
  expect(Object.keys(data)).not.toEqual(expect.arrayContaining(['InstanceType']));
  expect(JSON.stringify(data)).not.toContain('spot-instances-request');
});

test('the user data names role, mailbox and bucket, and fits', () => {
  const text = textOf(templateOf().UserData);
  expect(text).toMatch(/ROLE_ID='<FleetlinuxRole\w*\.RoleId>'/);
  expect(text).toMatch(/MAILBOX_TABLE='<FleetLauncherMailbox\w*>'/);
  expect(text).toMatch(/BUCKET='<FleetRunnerCacheBucket\w*>'/);
  expect(text).toContain(`LIFETIME_MS=${(5 + 10 + 360) * 60_000}`);
  expect(text).not.toMatch(/mayfly-mailbox-table|mayfly-bucket-name|AROA0MAYFLY|\$\{Token/);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(12 * 1024);
  // The longest that real names can be longer than what stands for them here.
  expect(12 * 1024 + 255 + 63 + 21).toBeLessThan(EC2_USER_DATA_BYTES);
});

test('setup commands come into the user data; too many are refused', () => {
  expect(textOf(templateOf({ setupCommands: ["echo 'hello there'"] }).UserData)).toContain('hello there');
  expect(() => makePool({ setupCommands: ['x'.repeat(13_000)] })).toThrow(/MF3011 .*Pool "linux": .*12288/);
  expect(() => makePool({ setupCommands: [`echo ${Fn.ref('X')}`] })).toThrow(/MF3011 .*only deployment knows/);
});

test('what jobs may do, and which run at all, is in the user data', () => {
  const text = (options: Partial<RunnerPoolOptions> = {}) => textOf(templateOf(options).UserData);
  expect(text()).toContain("SUDO='NOPASSWD:ALL'");
  expect(text({ jobSudo: false })).toContain("SUDO='!ALL'");
  expect(() => makePool({ jobSudo: false, docker: true })).toThrow(/MF3011 .*docker makes jobs root/);
  expect(text({ docker: true })).toContain('usermod -aG docker runner');
  expect(text()).toMatch(/refuse 'jobs of public repositories'\n.* refuse 'pull requests from forks'\nHOOK\n/);
  const open = { publicRepositories: true, forkPullRequests: true };
  expect(text(open)).not.toContain('HOOK');
  expect(text({ ...open, allowedRepositories: ['acme/Shop'] })).toContain("[[ ' acme/shop ' == ");
  expect(text({ ...open, jobStartedHook: '/opt/in.sh' })).toContain("<<'HOOK'\nexec bash -e /opt/in.sh\nHOOK\n");
  expect(text({ jobCompletedHook: '/opt/out.sh' })).toContain('ACTIONS_RUNNER_HOOK_JOB_COMPLETED=/opt/out.sh');
  const behindProxy = text({ httpsProxy: 'http://proxy:3128', noProxy: ['.amazonaws.com'] });
  expect(behindProxy).toContain(
    'export https_proxy=http://proxy:3128\nexport no_proxy=169.254.169.254,.amazonaws.com\n',
  );
  expect(() => makePool({ httpProxy: 'http://user:password@proxy' })).toThrow(/MF3011/);
  expect(() => makePool({ caCertificates: 'no certificate' })).toThrow(/MF3011/);
});

test('dispatch reads all of a pool from one parameter, template version and role id as a pair', () => {
  const { stack } = makePool({
    market: InstanceMarket.SPOT_WITH_FALLBACK,
    rerunReclaimed: true,
    onDemandAllocation: OnDemandAllocation.PRIORITIZED,
    instanceTypes: [new ec2.InstanceType('c7i.large')],
    repository: 'acme/shop',
    allowedRepositories: ['acme/shop'],
    runnerGroupId: 3,
    maxRunners: 7,
    idleTimeout: Duration.minutes(1),
    bootDeadline: Duration.minutes(2),
    priority: 5,
    publicRepositories: true,
  });
  const { Name, Value } = theOne(stack, 'AWS::SSM::Parameter').Properties;
  expect(textOf(Name)).toMatch(/^\/mayfly\/.*\/linux$/);
  const value = JSON.parse(textOf(Value));
  expect(value).toEqual({
    name: 'linux',
    labels: ['self-hosted', 'linux'],
    priority: 5,
    repository: 'acme/shop',
    allowedRepositories: ['acme/shop'],
    publicRepositories: true,
    platform: 'linux-x64',
    scope: { kind: 'repository', repository: 'acme/shop' },
    runnerGroupId: 3,
    instanceTypes: ['c7i.large'],
    subnetIds: [expect.stringContaining('Subnet1'), expect.stringContaining('Subnet2')],
    spotAllocation: 'price-capacity-optimized',
    onDemandAllocation: 'prioritized',
    market: 'spot',
    onDemandFallback: true,
    launchTemplateId: expect.stringContaining('Template'),
    launchTemplateVersion: expect.stringContaining('LatestVersionNumber'),
    roleId: expect.stringContaining('RoleId'),
    maxRunners: 7,
    idleTimeoutMs: 60_000,
    bootDeadlineMs: 120_000,
    lifetimeMs: (2 + 1 + 360) * 60_000,
    rerunReclaimed: true,
  });
  const { Variables } = theOne(stack, 'AWS::Lambda::Function', 'Dispatch').Properties.Environment;
  expect(textOf(Variables.MAYFLY_POOL_PARAMETERS)).toMatch(/^<FleetlinuxParameter\w+>$/);
});

test("an instance may touch its own row, read packages, write its own log, and that's all", () => {
  const [row, packages, logs, ...more] = statementsOf(makePool().stack, 'linuxRole');
  expect(row).toEqual({
    Effect: 'Allow',
    Action: 'dynamodb:UpdateItem',
    Resource: { 'Fn::GetAtt': [expect.stringContaining('Mailbox'), 'Arn'] },
    Condition: {
      'ForAllValues:StringEquals': {
        'dynamodb:LeadingKeys': [`$\{aws:userid}`],
        'dynamodb:Attributes': ['id', 'jit', 'takenAt', 'boot'],
      },
      Null: { 'dynamodb:LeadingKeys': 'false' },
      StringEquals: { 'dynamodb:ReturnValues': ['NONE', 'UPDATED_OLD'] },
    },
  });
  expect([packages?.Action, textOf(packages?.Resource)]).toEqual([
    's3:GetObject',
    expect.stringMatching(/>\/runner\/\*$/),
  ]);
  expect([logs?.Action, textOf(logs?.Resource)]).toEqual([
    's3:PutObject',
    expect.stringMatching(/>\/logs\/\$\{aws:userid\}\/\*$/),
  ]);
  expect(more).toEqual([]);
});

test('operators come in only when asked for, with five actions', () => {
  const actions = statementsOf(makePool({ operatorAccess: true }).stack, 'linuxRole').at(-1)?.Action;
  expect(actions).toHaveLength(5);
  expect(actions).not.toContain('ssm:GetParameter');
});

test('nothing comes in', () => {
  const { stack } = makePool();
  expect(theOne(stack, 'AWS::EC2::SecurityGroup').Properties.SecurityGroupIngress).toBeUndefined();
  Template.fromStack(stack).resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
});

test('grants and connections go to the instances', () => {
  const { stack, pool } = makePool();
  s3.Bucket.fromBucketName(stack, 'Site', 'acme-site').grantPut(pool);
  const database = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Database', 'sg-0123456789abcdef0');
  database.connections.allowFrom(pool, ec2.Port.tcp(5432));
  expect(JSON.stringify(statementsOf(stack, 'linuxRole'))).toContain('acme-site');
  expect(theOne(stack, 'AWS::EC2::SecurityGroupIngress').Properties.FromPort).toBe(5432);
});

test.each([
  [PoolImage.ubuntu2404(), 'arm64/hvm/ebs-gp3/ami-id', '/dev/sda1'],
  [PoolImage.amazonLinux2023(), 'al2023-ami-kernel-default-arm64', '/dev/xvda'],
  [PoolImage.debian13(), '/aws/service/debian/release/13/latest/arm64', '/dev/xvda'],
  [PoolImage.ssmParameter('/images/ci', { rootDeviceName: '/dev/sda1' }), 'resolve:ssm:/images/ci', '/dev/sda1'],
  [PoolImage.ami('ami-0123456789abcdef0'), 'ami-0123456789abcdef0', '/dev/xvda'],
])('image %#', (image, id, device) => {
  const { stack } = makePool({ image, platform: PoolPlatform.LINUX_ARM64 });
  const { ImageId, BlockDeviceMappings } = theOne(stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
  expect(ImageId.endsWith(id)).toBe(true);
  expect(BlockDeviceMappings[0].DeviceName).toBe(device);
  const read = statementsOf(stack, 'Dispatch').find(({ Action }) => Action === 'ssm:GetParameters')?.Resource;
  const images = [read]
    .flat()
    .map(textOf)
    .filter((arn) => !arn.includes('Parameter>') && !/linuxParameter/.test(arn));
  const named = ImageId.startsWith('resolve:ssm:') ? [ImageId.slice('resolve:ssm:'.length)] : [];
  expect(images.map((arn) => arn.slice(arn.indexOf('parameter') + 'parameter'.length))).toEqual(named);
});

test.each<[string, Partial<RunnerPoolOptions>]>([
  ['MF3003 .*used once in a fleet. Pool "Linux"', { poolName: 'Linux' }],
  ['MF3004 .*it has no label', { labels: [] }],
  ['MF3004 .*"a,b"', { labels: ['a,b'] }],
  ['MF3005 .*"ubuntu-latest"', { labels: ['linux', 'ubuntu-latest'] }],
  ['MF3005', { labels: ['windows-2025'] }],
  ['MF3005', { labels: ['macos-15-xlarge'] }],
  ['MF3005', { labels: ['Ubuntu-24.04-arm'] }],
  ['MF3006 .*"shop"', { repository: 'shop' }],
  ['MF3006 .*"other/shop"', { allowedRepositories: ['other/shop'] }],
  ['MF3008 .*docker is true', { platform: PoolPlatform.WINDOWS_X64, docker: true }],
  ['MF3008 .*jobSudo is false', { platform: PoolPlatform.WINDOWS_X64, jobSudo: false }],
  ['MF3008 .*rootVolumeSize is 20', { platform: PoolPlatform.WINDOWS_X64, rootVolumeSize: Size.gibibytes(20) }],
  ['MF3008 .*image is not for windows-x64', { platform: PoolPlatform.WINDOWS_X64, image: PoolImage.ubuntu2404() }],
  ['MF3008 .*image is not for linux-x64', { image: PoolImage.windows2022() }],
  [
    'MF3009 .*on windows-x64',
    { platform: PoolPlatform.WINDOWS_X64, instanceTypes: [new ec2.InstanceType('m7g.large')] },
  ],
  ['MF3011 .*hook on Windows', { platform: PoolPlatform.WINDOWS_X64, jobStartedHook: '/opt/in.sh' }],
  ['MF3011 .*ASCII', { platform: PoolPlatform.WINDOWS_X64, setupCommands: ['echo \u2019'] }],
  ['MF3009 .*m7g.large on linux-x64', { instanceTypes: [new ec2.InstanceType('m7g.large')] }],
  ['MF3009 .*empty', { instanceTypes: [] }],
  ['MF3010 .*maxRunners is 0', { maxRunners: 0 }],
  ['MF3010 .*bootDeadline', { bootDeadline: Duration.hours(2) }],
  ['MF3010 .*rootVolumeSize', { rootVolumeSize: Size.gibibytes(4) }],
])('refused: %s', (message, options) => {
  expect(() => makePool(options)).toThrow(new RegExp(message));
});

test('labels that only look like those of GitHub are allowed', () => {
  expect(makePool({ labels: ['ubuntu-gpu', 'ubuntu', 'linux-24.04'] }).pool.poolName).toBe('linux');
});

test('allowedRepositories without a runner group is warned of', () => {
  const warnings = (options: Partial<RunnerPoolOptions>) =>
    Annotations.fromStack(makePool({ allowedRepositories: ['acme/shop'], ...options }).stack).findWarning(
      '*',
      Match.stringLikeRegexp('runner group'),
    );
  expect(warnings({})).toHaveLength(1);
  expect(warnings({ runnerGroupId: 2 })).toEqual([]);
  expect(warnings({ repository: 'acme/shop' })).toEqual([]);
});

test('the parameter has the lifetime of the user data, whatever the clocks', () => {
  const clocks = { bootDeadline: Duration.minutes(3), idleTimeout: Duration.minutes(4) };
  const { stack } = makePool({ ...clocks, maxJobDuration: Duration.minutes(30) });
  const { lifetimeMs } = JSON.parse(textOf(theOne(stack, 'AWS::SSM::Parameter').Properties.Value));
  expect(lifetimeMs).toBe(37 * 60_000);
  const { UserData } = theOne(stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
  expect(textOf(UserData)).toContain(`LIFETIME_MS=${lifetimeMs} `);
});

test('rerunReclaimed on a pool that is never reclaimed is warned of', () => {
  const warnings = (options: Partial<RunnerPoolOptions>) =>
    Annotations.fromStack(makePool(options).stack).findWarning('*', Match.stringLikeRegexp('rerunReclaimed'));
  expect(warnings({ rerunReclaimed: true })).toHaveLength(1);
  expect(warnings({ rerunReclaimed: true, market: InstanceMarket.SPOT })).toEqual([]);
  expect(warnings({ rerunReclaimed: true, market: InstanceMarket.SPOT_WITH_FALLBACK })).toEqual([]);
  expect(warnings({})).toEqual([]);
});

test('a pool makes no resource with a fixed partition or region', () => {
  expect(JSON.stringify(resourcesOf(makePool().stack))).not.toMatch(/arn:aws:|us-east-1|\.amazonaws\.com\/"/);
});
