import { App, aws_ec2 as ec2, Stack, aws_secretsmanager as secretsmanager, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import {
  LINUX,
  makeFleet,
  resourcesOf,
  type Statement,
  statementsOf,
  textOf,
  theOne,
} from './constructs-test-support.ts';
import { InstanceMarket, PoolPlatform, RunnerFleet, RunnerNetwork } from './index.ts';

const actionsOf = (statements: Statement[]) => statements.flatMap(({ Action }) => Action).sort();

test('all functions run on Node 24, arm64, and keep their log for 30 days', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const template = Template.fromStack(stack);
  const of24 = {
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    LoggingConfig: Match.anyValue(),
  };
  template.resourcePropertiesCountIs('AWS::Lambda::Function', of24, 5);
  template.resourceCountIs('AWS::Lambda::Function', 5);
  template.resourcePropertiesCountIs('AWS::Logs::LogGroup', { RetentionInDays: 30 }, 5);
  template.hasResourceProperties('AWS::Lambda::Function', { MemorySize: 256, Timeout: 10 });
  expect(JSON.stringify(template.toJSON())).not.toContain('ManagedPolicyArns');
});

test('the webhook: one throttled route, and it may only read its secret and send', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::ApiGatewayV2::Route', { RouteKey: 'POST /webhook' });
  template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
    DefaultRouteSettings: { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 1000 },
  });
  expect(actionsOf(statementsOf(stack, 'WebhookReceive'))).toEqual([
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'secretsmanager:GetSecretValue',
    'sqs:SendMessage',
  ]);
  const pools = theOne(stack, 'AWS::Lambda::Function', 'WebhookReceive').Properties.Environment.Variables.MAYFLY_POOLS;
  expect(JSON.parse(pools)).toEqual([
    { name: 'linux', labels: ['self-hosted', 'linux'], priority: 0, publicRepositories: false },
  ]);
});

test('each secret is read by those who need it, and by nobody else', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const readers = (secret: string) =>
    Object.entries(resourcesOf(stack))
      .filter(([, { Type, Properties }]) => Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes(secret))
      .map(([id]) => id.replace(/Role.*/, ''));
  expect(readers('"FleetWebhookSecret')).toEqual(['FleetWebhookReceive']);
  expect(readers('"FleetAppSecret')).toEqual([
    'FleetLauncherDispatch',
    'FleetRunnerCacheRefresh',
    'FleetReconcilerReconcile',
  ]);
});

test('secrets to be set up later have no value; given ones are used', () => {
  const later = makeFleet();
  later.fleet.addPool('linux', LINUX);
  for (const { Properties } of Object.values(
    Template.fromStack(later.stack).findResources('AWS::SecretsManager::Secret'),
  )) {
    expect(Object.keys(Properties)).toEqual(['Description']);
  }
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const secret = (id: string) => secretsmanager.Secret.fromSecretNameV2(stack, id, id);
  new RunnerFleet(stack, 'Fleet', {
    organization: 'acme',
    appSecret: secret('mayfly-app'),
    webhookSecret: secret('mayfly-webhook'),
  }).addPool('linux', LINUX);
  Template.fromStack(stack).resourceCountIs('AWS::SecretsManager::Secret', 0);
  expect(JSON.stringify(statementsOf(stack, 'WebhookReceive'))).toContain('secret:mayfly-webhook-??????');
});

test('queue, dead letters, batches', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 180, RedrivePolicy: { maxReceiveCount: 5 } });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 0,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 5 },
  });
  expect(() => makeFleet({ maxConcurrency: 6 })).toThrow(/MF3013 .*maxConcurrency is 6/);
});

test('EC2 events become messages of ours', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const messageOf = (part: string, values: Record<string, string>) => {
    const { InputTemplate } = theOne(stack, 'AWS::Events::Rule', part).Properties.Targets[0].InputTransformer;
    return JSON.parse(InputTemplate.replace(/<([\w-]+)>/g, (_: string, name: string) => JSON.stringify(values[name])));
  };
  const ended = { 'detail-instance-id': 'i-1', 'detail-state': 'terminated' };
  expect(messageOf('InstanceEnded', ended)).toEqual({ kind: 'instance', instanceId: 'i-1', change: 'terminated' });
  expect(messageOf('SpotWarning', ended)).toEqual({ kind: 'instance', instanceId: 'i-1', change: 'spot-warning' });
  expect(theOne(stack, 'AWS::Events::Rule', 'InstanceEnded').Properties.EventPattern.detail.state).toEqual([
    'terminated',
    'stopped',
  ]);
});

test('tables: the state can be restored, the mailbox is kept nowhere', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const state = theOne(stack, 'AWS::DynamoDB::Table', 'State').Properties;
  const mailbox = theOne(stack, 'AWS::DynamoDB::Table', 'Mailbox').Properties;
  expect(state).toMatchObject({
    KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'sk' }],
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  expect(mailbox).toMatchObject({
    KeySchema: [{ AttributeName: 'id' }],
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    OnDemandThroughput: { MaxWriteRequestUnits: 2000 },
  });
  expect(Object.keys(mailbox)).not.toContain('PointInTimeRecoverySpecification');
  expect(Object.keys(mailbox)).not.toContain('StreamSpecification');
});

test('destroy: events stop, then instances end, then what they need goes', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const resources = resourcesOf(stack);
  const [endingId, ending] =
    Object.entries(resources).find(([, { Type }]) => Type === 'Custom::MayflyEndInstances') ?? [];
  const names = (ending?.DependsOn ?? []).join(' ');
  for (const part of ['NATGateway', 'linuxRole', 'linuxSecurityGroup', 'linuxTemplate', 'S3', 'DefaultRoute']) {
    expect(names).toContain(part);
  }
  expect(theOne(stack, 'AWS::Lambda::EventSourceMapping').DependsOn).toContain(endingId);
  const reconciler = Object.entries(resources).filter(([id]) => id.startsWith('FleetReconciler'));
  expect(new Set(reconciler.map(([, { Type }]) => Type))).toContain('AWS::Events::Rule');
  for (const [, { DependsOn }] of reconciler) expect(DependsOn).toContain(endingId);
  const kept = Object.values(resources).filter(
    (one) => (one as { DeletionPolicy?: string }).DeletionPolicy === 'Retain',
  );
  expect(kept).toEqual([]);
});

test('dispatch launches from our templates, into our subnets and groups, and what it makes has our tag', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const find = (action: string) =>
    statementsOf(stack, 'Dispatch').filter(({ Action }) => [Action].flat().includes(action));
  const launches = find('ec2:RunInstances').map(({ Resource }) => [Resource].flat().map(textOf).sort());
  expect(
    launches
      .flat()
      .map((arn) => arn.replace(/^.*:/, '').replace(/[0-9A-F]{8}(?=[>.])/, ''))
      .sort(),
  ).toEqual([
    'fleet/*',
    'image/*',
    'instance/*',
    'launch-template/<FleetlinuxTemplate>',
    'network-interface/*',
    'security-group/<FleetlinuxSecurityGroup.GroupId>',
    'snapshot/*',
    'spot-instances-request/*',
    'subnet/<FleetNetworkVpcrunnersSubnet1Subnet>',
    'subnet/<FleetNetworkVpcrunnersSubnet2Subnet>',
    'volume/*',
  ]);
});

test('dispatch ends instances with our tag only, and looks at none', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const statements = statementsOf(stack, 'Dispatch');
  const [ending, ...more] = statements.filter(({ Action }) => Action === 'ec2:TerminateInstances');
  expect(more).toEqual([]);
  expect(ending?.Condition).toEqual({
    StringEquals: { 'ec2:ResourceTag/mayfly:deployment': stack.resolve(fleet.deploymentId) },
  });
  const [passing] = statements.filter(({ Action }) => Action === 'iam:PassRole');
  expect(textOf(passing?.Resource)).toMatch(/^<FleetlinuxRole\w+\.Arn>$/);
  const wild = statements.filter(({ Resource }) => [Resource].flat().includes('*'));
  expect(wild).toEqual([]);
});

test('the reconciler runs every minute, ends before its next run, and is never repeated', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  expect(theOne(stack, 'AWS::Lambda::Function', 'ReconcilerReconcile').Properties).toMatchObject({
    MemorySize: 512,
    Timeout: 50,
    Environment: { Variables: { MAYFLY_OWNER: 'acme' } },
  });
  const rule = theOne(stack, 'AWS::Events::Rule', 'ReconcilerSchedule').Properties;
  expect(rule).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
  expect(rule.Targets).toMatchObject([{ RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } }]);
  expect(theOne(stack, 'AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
});

test('the reconciler may do what dispatch may, but take messages, and may look at instances', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  fleet.addPool('spot', { labels: ['spot'], market: InstanceMarket.SPOT });
  const rightsOf = (role: string) =>
    statementsOf(stack, role).flatMap(({ Action, ...rest }) =>
      [Action].flat().map((action) => JSON.stringify([action, rest])),
    );
  const [dispatch, reconcile] = [rightsOf('Dispatch'), rightsOf('ReconcilerReconcile')];
  const actions = (rights: string[]) => rights.map((one) => JSON.parse(one)[0]).sort();
  const logs = ['logs:CreateLogStream', 'logs:PutLogEvents'];
  expect(actions(reconcile.filter((one) => !dispatch.includes(one)))).toEqual(['ec2:DescribeInstances', ...logs]);
  expect(actions(dispatch.filter((one) => !reconcile.includes(one)))).toEqual([
    ...logs,
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
  ]);
  const variables = (part: string) => theOne(stack, 'AWS::Lambda::Function', part).Properties.Environment.Variables;
  expect(variables('ReconcilerReconcile')).toEqual({ ...variables('Dispatch'), MAYFLY_OWNER: 'acme' });
});

test.each([
  [undefined, undefined],
  [[], '[]'],
  [['arc-*', 'build,1'], '["arc-*","build,1"]'],
])('alarmOnForeignRunnersExcept %j', (alarmOnForeignRunnersExcept, variable) => {
  const { stack, fleet } = makeFleet({ alarmOnForeignRunnersExcept });
  fleet.addPool('linux', LINUX);
  const { Variables } = theOne(stack, 'AWS::Lambda::Function', 'ReconcilerReconcile').Properties.Environment;
  expect(Variables.MAYFLY_ALLOWED_FOREIGN_RUNNERS).toBe(variable);
});

test('a spot pool may make the service role of spot, once', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  const rolesMade = () =>
    statementsOf(stack, 'Dispatch').filter(({ Action }) => Action === 'iam:CreateServiceLinkedRole');
  fleet.addPool('a', { labels: ['a'], market: InstanceMarket.SPOT });
  fleet.addPool('b', { labels: ['b'], market: InstanceMarket.SPOT_WITH_FALLBACK });
  expect(rolesMade()).toHaveLength(1);
  const without = makeFleet();
  without.fleet.addPool('linux', LINUX);
  expect(JSON.stringify(statementsOf(without.stack, 'Dispatch'))).not.toContain('CreateServiceLinkedRole');
});

test('two fleets of one stack have two deployment ids', () => {
  const { stack, fleet } = makeFleet();
  const other = new RunnerFleet(stack, 'Other', { organization: 'acme' });
  const [one, two] = [fleet, other].map(({ deploymentId }) => textOf(stack.resolve(deploymentId)));
  expect(one).not.toBe(two);
  expect([one, two].map((id) => id?.replace(/<.*>/, ''))).toEqual([
    expect.stringMatching(/^[0-9a-f]{4}$/),
    expect.stringMatching(/^[0-9a-f]{4}$/),
  ]);
});

test('an imported VPC stays as it is, unless asked', () => {
  const count = (gatewayEndpoints?: boolean) => {
    const stack = new Stack(new App(), 'Stack');
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
      privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
    });
    const network = new RunnerNetwork(stack, 'Network', { vpc, gatewayEndpoints });
    new RunnerFleet(stack, 'Fleet', { organization: 'acme', network }).addPool('linux', LINUX);
    const types = Object.values(resourcesOf(stack)).map(({ Type }) => Type);
    return types.filter((type) => type.startsWith('AWS::EC2::')).sort();
  };
  expect(count()).toEqual(['AWS::EC2::LaunchTemplate', 'AWS::EC2::SecurityGroup']);
  expect(count(true).filter((type) => type === 'AWS::EC2::VPCEndpoint')).toHaveLength(2);
});

test('public subnets need no NAT gateway, and give each instance an address', () => {
  const stack = new Stack(new App(), 'Stack');
  const network = new RunnerNetwork(stack, 'Network', { publicSubnets: true });
  new RunnerFleet(stack, 'Fleet', { organization: 'acme', network }).addPool('linux', LINUX);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::EC2::NatGateway', 0);
  template.resourceCountIs('AWS::EC2::Subnet', 2);
  const { NetworkInterfaces } = theOne(stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData;
  expect(NetworkInterfaces).toMatchObject([{ DeviceIndex: 0, AssociatePublicIpAddress: true }]);
});

test.each([
  [undefined, 'https://api.github.com'],
  ['https://github.example.com', 'https://github.example.com/api/v3'],
  ['https://acme.ghe.com/', 'https://api.acme.ghe.com'],
])('GitHub at %s has its API at %s', (githubUrl, api) => {
  const { stack, fleet } = makeFleet({ githubUrl });
  fleet.addPool('linux', LINUX);
  for (const part of ['Dispatch', 'Refresh', 'ReconcilerReconcile']) {
    const { Variables } = theOne(stack, 'AWS::Lambda::Function', part).Properties.Environment;
    expect(Variables.MAYFLY_GITHUB_URL).toBe(api);
  }
});

test('what can not be is refused in the words of the app', () => {
  expect(() => makeFleet({ owner: 'me' })).toThrow('MF3001');
  expect(() => makeFleet({ organization: undefined })).toThrow('MF3001');
  expect(() => makeFleet({ githubUrl: 'http://x' })).toThrow('MF3014');
  expect(() => makeFleet().app.synth()).toThrow('MF3002');
  const { fleet } = makeFleet();
  fleet.addPool('linux', LINUX);
  expect(() => fleet.addPool('other', { ...LINUX, poolName: 'linux' })).toThrow('two pools named "linux"');
  expect(() => {
    for (let n = 0; n < 100; n++) fleet.addPool(`pool-${n}`, { labels: [`label-${n}`] });
  }).toThrow(/MF3012 .*With pool "pool-\d+" it has \d+ bytes of 3300/);
  const user = makeFleet({ organization: undefined, owner: 'me' }).fleet;
  expect(() => user.addPool('linux', LINUX)).toThrow('MF3007');
  expect(user.addPool('shop', { ...LINUX, repository: 'me/shop' }).poolName).toBe('shop');
});

test('two pools that take the same jobs are warned of', () => {
  const { stack, fleet } = makeFleet();
  fleet.addPool('a', { labels: ['Linux', 'x64'] });
  fleet.addPool('b', { labels: ['x64', 'linux'] });
  fleet.addPool('c', { labels: ['x64', 'linux'], priority: 1 });
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('same labels'));
  expect(warnings.map(({ id }) => id)).toEqual(['/Stack/Fleet/b']);
});

test('cdk-nag (AwsSolutions, Serverless) finds nothing that has no reason beside it', () => {
  const { app, fleet } = makeFleet();
  fleet.addPool('spot', { labels: ['x64'], market: InstanceMarket.SPOT, operatorAccess: true });
  fleet.addPool('arm', { labels: ['arm64'], platform: PoolPlatform.LINUX_ARM64, repository: 'acme/shop' });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  expect(() => app.synth()).not.toThrow();
});
