import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  aws_dynamodb as dynamodb,
  Size,
  Stack,
  aws_secretsmanager as secretsmanager,
  Validations,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import {
  LINUX,
  makeFleet,
  type Resource,
  resourcesOf,
  statementsOf,
  textOf,
  theOne,
} from './constructs-test-support.ts';
import { PoolImage, PoolPlatform, RunnerCache, RunnerImage, type RunnerImageProps, RunnerNetwork } from './index.ts';

/** With the parts of a fleet that it needs, which are synthesised sooner than all. */
function makeImage(props: Partial<RunnerImageProps> = {}) {
  const stack = new Stack(new App(), 'Stack');
  const runnerCache = new RunnerCache(stack, 'Cache', {
    owner: 'acme',
    appSecret: secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'app'),
    stateTable: dynamodb.Table.fromTableName(stack, 'Table', 'state'),
  });
  const network = new RunnerNetwork(stack, 'Network');
  const image = new RunnerImage(stack, 'Image', { runnerCache, network, ...props });
  return { stack, image, template: Template.fromStack(stack).toJSON() };
}

function makeImageOfFleet(props: Partial<RunnerImageProps> = {}) {
  const made = makeFleet();
  const { runnerCache, network } = made.fleet;
  return { ...made, image: new RunnerImage(made.stack, 'Image', { runnerCache, network, ...props }) };
}

type Made = ReturnType<typeof makeImage>;

const only = ({ template }: Made, type: string) => {
  const [found, ...more] = Object.values<Resource>(template.Resources).filter((one) => one.Type.endsWith(`::${type}`));
  if (!found || more.length > 0) throw new Error(`not one ${type}`);
  return found.Properties;
};

interface Step {
  readonly name: string;
  readonly action: string;
  readonly inputs: { readonly commands: readonly string[] };
}
const documentOf = (made: Made) =>
  JSON.parse(textOf(only(made, 'Component').Data)) as { phases: { name: string; steps: Step[] }[] };
const scriptOf = (made: Made, step: string) =>
  documentOf(made)
    .phases.flatMap(({ steps }) => steps)
    .find(({ name }) => name === step)?.inputs.commands[0] ?? '';

test('every week an image is made of Ubuntu 24.04, encrypted, tested, and its id stored where pools look', () => {
  const made = makeImage();
  expect(only(made, 'ImageRecipe')).toMatchObject({
    ParentImage: 'ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id',
    BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { Encrypted: true, VolumeSize: 20, VolumeType: 'gp3' } }],
  });
  expect(only(made, 'ImagePipeline')).toMatchObject({
    Schedule: { ScheduleExpression: 'cron(0 4 ? * SUN *)', PipelineExecutionStartCondition: 'EXPRESSION_MATCH_ONLY' },
    ImageTestsConfiguration: { ImageTestsEnabled: true },
  });
  expect(only(made, 'DistributionConfiguration').Distributions).toMatchObject([
    { SsmParameterConfigurations: [{ ParameterName: made.image.parameterName, DataType: 'aws:ec2:image' }] },
  ]);
  // The service's own role may write there and nowhere else.
  expect(made.image.parameterName).toMatch(/^\/imagebuilder\/mayfly\/[a-z0-9-]+$/);
  expect(only(made, 'InfrastructureConfiguration')).toMatchObject({
    InstanceTypes: ['m7i.large'],
    InstanceMetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    TerminateInstanceOnFailure: true,
  });
  const [command] = Object.values<{ Value: unknown }>(made.template.Outputs);
  expect(textOf(command?.Value)).toMatch(
    /^aws imagebuilder start-image-pipeline-execution .* <ImagePipeline\w+\.Arn>$/,
  );
});

test('three images are kept; older ones of this pipeline are deleted', () => {
  const made = makeImage();
  const { Name } = only(made, 'ImageRecipe');
  expect(only(made, 'LifecyclePolicy')).toMatchObject({
    ResourceSelection: { Recipes: [{ Name, SemanticVersion: 'x.x.x' }] },
    PolicyDetails: [{ Action: { Type: 'DELETE' }, Filter: { Type: 'COUNT', Value: 3 } }],
  });
});

test('a pool takes it: EC2 reads the parameter at launch, with a right of the dispatch function', () => {
  const { fleet, stack, image } = makeImageOfFleet({
    platform: PoolPlatform.LINUX_ARM64,
    baseImage: PoolImage.amazonLinux2023(),
  });
  fleet.addPool('arm', { ...LINUX, platform: PoolPlatform.LINUX_ARM64, image: PoolImage.fromRunnerImage(image) });
  const { ImageId, BlockDeviceMappings } = theOne(stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
  expect(ImageId).toBe(`resolve:ssm:${image.parameterName}`);
  expect(BlockDeviceMappings[0].DeviceName).toBe('/dev/xvda');
  const read = statementsOf(stack, 'Dispatch').find(({ Action }) => Action === 'ssm:GetParameters')?.Resource;
  expect([read].flat().map(textOf)).toContain(
    `arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter${image.parameterName}`,
  );
  expect(() => fleet.addPool('x64', { ...LINUX, poolName: 'x64', image: PoolImage.fromRunnerImage(image) })).toThrow(
    /MF3008 .*not for linux-x64/,
  );
});

test('what is in it: packages, the newest runner of the platform, what the user adds, in this order', () => {
  const made = makeImage({ platform: PoolPlatform.LINUX_ARM64, setupCommands: ["echo 'own thing'"] });
  const [build, tests] = documentOf(made).phases;
  expect(build?.steps.map(({ name }) => name)).toEqual(['Packages', 'Folder', 'Runner', 'Unpack', 'Setup1']);
  expect(JSON.stringify(build?.steps[2])).toMatch(/S3Download.*s3:\/\/<CacheBucket\w+>\/runner\/linux-arm64\/\*/);
  expect(scriptOf(made, 'Setup1')).toBe("set -eu\necho 'own thing'");
  expect(tests).toMatchObject({ name: 'test', steps: [{ name: 'Works' }] });
  expect(scriptOf(made, 'Works')).toContain('Runner.Listener --version');
  expect(scriptOf(made, 'Works')).toContain('docker --version');
  expect(scriptOf(makeImage({ docker: false }), 'Packages')).not.toContain('docker ||');
});

test('jobs get no rights by the image: the user that packages are made for is gone', () => {
  const lines = scriptOf(makeImage(), 'Packages').split('\n');
  expect(lines.indexOf('useradd runner')).toBeGreaterThan(0);
  expect(lines.at(-1)).toBe('userdel --remove runner');
});

/** Runs the step on packages of ours, its folders moved below a scratch one. */
function unpack(names: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'mayfly-image-'));
  const packages = join(root, 'var/tmp/mayfly-packages');
  const runner = join(root, 'opt/actions-runner');
  for (const folder of [packages, runner, join(root, 'content/bin')]) mkdirSync(folder, { recursive: true });
  const hashes = Object.entries(names).map(([name, version]) => {
    writeFileSync(join(root, 'content/bin/Runner.Listener'), version);
    chmodSync(join(root, 'content/bin/Runner.Listener'), 0o755);
    spawnSync('tar', ['-czf', join(root, 'p'), '-C', join(root, 'content'), '.']);
    const content = readFileSync(join(root, 'p'));
    const sha256 = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(packages, name.replace('HASH', sha256.slice(0, 12))), content);
    return sha256;
  });
  const script = scriptOf(makeImage(), 'Unpack')
    .replace(/ \/(var|opt)\//g, ` ${root}/$1/`)
    .replace('>/opt', `>${root}/opt`);
  const { status, stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const read = (path: string) => spawnSync('cat', [join(runner, path)], { encoding: 'utf8' }).stdout;
  const found = { status, stdout, stamp: read('.sha256').trim(), version: read('bin/Runner.Listener'), hashes };
  rmSync(root, { recursive: true });
  return found;
}

test('the newest package is unpacked, its sha256 beside it as the boot script compares it', () => {
  const { hashes, ...found } = unpack({
    '2.99.0-HASH.tar.gz': 'old',
    '2.330.0-HASH.tar.gz': 'new',
    '2.100.1-HASH.tar.gz': 'mid',
  });
  expect(found).toMatchObject({ status: 0, version: 'new', stamp: hashes[1] });
});

test('a corrupt package, or none, fails the build', () => {
  expect(unpack({ '2.330.0-0123456789ab.tar.gz': 'x' })).toMatchObject({
    status: 1,
    stamp: '',
    stdout: expect.stringContaining('corrupt'),
  });
  expect(unpack({})).toMatchObject({ status: 1, stdout: expect.stringContaining('no runner package') });
});

test('components and recipes have a version after their content: what never changes is made anew', () => {
  const versions = (props: Partial<RunnerImageProps> = {}) => {
    const made = makeImage(props);
    return [only(made, 'Component').Version, only(made, 'ImageRecipe').Version];
  };
  const [component, recipe] = versions();
  for (const number of `${component}.${recipe}`.split('.')) expect(Number(number)).toBeLessThan(2 ** 30);
  expect(versions()).toEqual([component, recipe]);
  const [otherComponent, otherRecipe] = versions({ setupCommands: ['true'] });
  expect(otherComponent).not.toBe(component);
  expect(otherRecipe).not.toBe(recipe);
  const [sameComponent, largerRecipe] = versions({ rootVolumeSize: Size.gibibytes(40) });
  expect(sameComponent).toBe(component);
  expect(largerRecipe).not.toBe(recipe);
});

test('the roles: what the build instance and the deletion of old images may do', () => {
  const { stack } = makeImage();
  const rights = (part: string) =>
    statementsOf(stack, part).map(({ Action, Resource, Condition }) => ({
      may: [Action].flat().join(' '),
      on: [Resource].flat().map(textOf).join(' '),
      when: Condition,
    }));
  expect({ build: rights('ImageBuildRole'), lifecycle: rights('ImageLifecycleRole') }).toMatchSnapshot();
  for (const { Type, Properties } of Object.values(resourcesOf(stack))) {
    if (Type === 'AWS::IAM::Role') expect(Properties.ManagedPolicyArns).toBeUndefined();
  }
});

test.each<[string, Partial<RunnerImageProps>]>([
  ['base image is for another', { platform: PoolPlatform.WINDOWS_X64, baseImage: PoolImage.windows2022() }],
  ['base image is for another', { baseImage: PoolImage.windows2022() }],
  ['base image is resolve:ssm:/images/ci', { baseImage: PoolImage.ssmParameter('/images/ci') }],
  ['reads {{', { setupCommands: ["docker ps --format '{{.Names}}'"] }],
  ['document of \\d+ characters', { setupCommands: ['x'.repeat(16_000)] }],
])('refused: %s', (message, props) => {
  expect(() => makeImage(props)).toThrow(new RegExp(`MF3016 .*Image "Image": .*${message.replace('{{', '\\{\\{')}`));
});

test('cdk-nag finds nothing that has no reason beside it', () => {
  const { app, fleet, image } = makeImageOfFleet();
  fleet.addPool('linux', { ...LINUX, image: PoolImage.fromRunnerImage(image) });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  expect(() => app.synth()).not.toThrow();
});
