import { App, Duration, aws_ec2 as ec2, Size, Stack, aws_s3 as s3 } from 'aws-cdk-lib';
import { InstanceMarket, PoolImage, PoolPlatform, RunnerFleet, RunnerImage, RunnerNetwork } from 'mayfly-runners';

const app = new App();
const stack = new Stack(app, 'SeveralPools');

// A VPC that is there already. Nothing is added to it.
const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0123456789abcdef0',
  availabilityZones: ['eu-central-1a', 'eu-central-1b'],
  privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
});
const network = new RunnerNetwork(stack, 'Network', { vpc });
const runners = new RunnerFleet(stack, 'Runners', { organization: 'acme', network, installationId: 12_345_678 });

// An image made every week in which the runner, Docker and what jobs need lie ready. The first build is started by hand.
const image = new RunnerImage(stack, 'Image', {
  runnerCache: runners.runnerCache,
  network,
  setupCommands: ['apt-get install -qy make gcc'],
});

// Cheap: spot, and on-demand for what spot has no capacity for. Many types make that rare.
runners.addPool('spot', {
  labels: ['linux', 'x64', 'spot'],
  image: PoolImage.fromRunnerImage(image),
  market: InstanceMarket.SPOT_WITH_FALLBACK,
  // For this the GitHub App needs "Actions: write".
  rerunReclaimed: true,
  instanceTypes: ['m7i.xlarge', 'm7a.xlarge', 'm6i.xlarge', 'm6a.xlarge', 'm5.xlarge'].map(
    (type) => new ec2.InstanceType(type),
  ),
  maxRunners: 50,
});

runners.addPool('arm', {
  labels: ['linux', 'arm64'],
  platform: PoolPlatform.LINUX_ARM64,
  image: PoolImage.amazonLinux2023(),
  setupCommands: ['dnf install -y make gcc'],
  bootDeadline: Duration.minutes(8),
});

// Not yet seen to run: see docs/status.md.
runners.addPool('windows', {
  labels: ['windows', 'x64'],
  platform: PoolPlatform.WINDOWS_X64,
  allowedRepositories: ['acme/desktop'],
  runnerGroupId: 2,
});

// Serves one repository, and its jobs may use what the pool may.
const deploy = runners.addPool('deploy', {
  labels: ['linux', 'x64', 'deploy'],
  repository: 'acme/shop',
  instanceTypes: [ec2.InstanceType.of(ec2.InstanceClass.M7I, ec2.InstanceSize.LARGE)],
  rootVolumeSize: Size.gibibytes(30),
  maxJobDuration: Duration.hours(1),
  maxRunners: 2,
  operatorAccess: true,
});
const database = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Database', 'sg-0123456789abcdef0');
database.connections.allowFrom(deploy, ec2.Port.tcp(5432), 'Migrations of the shop');
s3.Bucket.fromBucketName(stack, 'Site', 'acme-shop-site').grantPut(deploy);
