import {
  Aws,
  Duration,
  type aws_dynamodb as dynamodb,
  aws_ec2 as ec2,
  aws_iam as iam,
  Size,
  Stack,
  type aws_s3 as s3,
  aws_ssm as ssm,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { bootScript } from './boot-script';
import { checkPool, instanceTypesOf } from './check-pool';
import type { PoolParameter, WebhookPool } from './contract';
import { makeLaunchTemplate } from './launch-template';
import { InstanceMarket, OnDemandAllocation, PoolPlatform, SpotAllocation } from './pool-choices';
import { type BoundImage, PoolImage } from './pool-image';
import type { RunnerPoolOptions } from './pool-options';
import type { RunnerNetwork } from './runner-network';
import { allowOperatorAccess, makeRunnerRole } from './runner-role';
import { SynthError } from './synth-error';

/** A pool by itself: its options, and the parts that it works with. */
export interface RunnerPoolProps extends RunnerPoolOptions {
  /** Organisation or user whose jobs are run. */
  readonly owner: string;
  /**
   * Whether the owner is a user. A user's pool needs a `repository`.
   *
   * @default false
   */
  readonly ownerIsUser?: boolean;
  /** That of the launcher: it may end and count only what carries it. */
  readonly deploymentId: string;
  /** Where instances find their letter: the launcher's. */
  readonly mailboxTable: dynamodb.ITable;
  /** Where the runner packages lie: the runner cache's. */
  readonly bucket: s3.IBucket;
  /** Where instances are launched. */
  readonly network: RunnerNetwork;
}

/** A set of interchangeable runners: a launch template, the role of its instances, and how many there may be. */
export class RunnerPool extends Construct implements iam.IGrantable, ec2.IConnectable {
  /** Name in logs and tags. */
  public readonly poolName: string;
  /** Operating system and processor. */
  public readonly platform: PoolPlatform;
  /** Role of the instances. What it may do, every job on them may do. */
  public readonly role: iam.IRole;
  /** The role, for grants. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** Security groups of the instances. */
  public readonly connections: ec2.Connections;
  /** Id of the launch template. */
  public readonly launchTemplateId: string;
  /** Name of the SSM parameter with what the launcher must know of the pool. */
  public readonly parameterName: string;

  /** @internal */
  public readonly _routing: WebhookPool;
  /** @internal */
  public readonly _image: BoundImage;
  /** @internal */
  public readonly _parameterArn: string;
  /** @internal */
  public readonly _subnetIds: string[];
  /** @internal */
  public readonly _usesSpot: boolean;

  constructor(scope: Construct, id: string, props: RunnerPoolProps) {
    super(scope, id);
    this.poolName = props.poolName ?? id;
    checkPool(this, this.poolName, props.owner, props);
    if (props.ownerIsUser && props.repository === undefined) {
      throw new SynthError('repository-needed', `Pool "${this.poolName}" has none, and ${props.owner} is a user.`);
    }
    this.platform = props.platform ?? PoolPlatform.LINUX_X64;
    this._usesSpot = (props.market ?? InstanceMarket.ON_DEMAND) !== InstanceMarket.ON_DEMAND;
    this._image = this.bindImage(props.image);
    this._subnetIds = props.network.vpc.selectSubnets(props.subnets ?? props.network.subnets).subnetIds;
    this._routing = routingOf(this.poolName, props);

    const securityGroups = props.securityGroups ?? [this.makeSecurityGroup(props.network)];
    this.connections = new ec2.Connections({ securityGroups });
    const role = makeRunnerRole(this, 'Role', props.mailboxTable, props.bucket);
    if (props.operatorAccess) allowOperatorAccess(role);
    this.role = role;
    this.grantPrincipal = role;
    const template = makeLaunchTemplate(this, 'Template', {
      image: this._image,
      userData: this.renderUserData(role, props),
      profile: new iam.CfnInstanceProfile(this, 'Profile', { roles: [role.roleName] }),
      rootVolumeSize: props.rootVolumeSize ?? Size.gibibytes(100),
      securityGroups,
      assignPublicIp: props.network.assignPublicIp,
      deploymentId: props.deploymentId,
      poolName: this.poolName,
    });
    this.launchTemplateId = template.ref;
    this.parameterName = this.storeParameter(template, role, props);
    // The name begins with a slash.
    this._parameterArn = `arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${this.parameterName}`;
  }

  private bindImage(image?: PoolImage): BoundImage {
    const usual = this.platform === PoolPlatform.WINDOWS_X64 ? PoolImage.windows2022() : PoolImage.ubuntu2404();
    const chosen = image ?? usual;
    if (!chosen._fits(this.platform)) {
      throw new SynthError('platform-option', `Pool "${this.poolName}": its image is not for ${this.platform}.`);
    }
    return chosen._bind(this.platform);
  }

  private makeSecurityGroup(network: RunnerNetwork): ec2.SecurityGroup {
    return new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: network.vpc,
      description: `Mayfly pool ${this.poolName}: nothing in, everything out`,
    });
  }

  private renderUserData(role: iam.Role, props: RunnerPoolProps): string {
    return bootScript(this.poolName, {
      platform: this.platform,
      roleId: role.roleId,
      mailboxTable: props.mailboxTable.tableName,
      bucket: props.bucket.bucketName,
      ...clocksOf(props),
      setupCommands: props.setupCommands,
      ...jobRulesOf(props),
      docker: props.docker,
      proxy: proxyOf(props),
      caCertificates: props.caCertificates,
    });
  }

  /** Template version and role id are one pair: a new role is a new version, and the parameter names both. */
  private storeParameter(template: ec2.CfnLaunchTemplate, role: iam.Role, props: RunnerPoolProps): string {
    const market = props.market ?? InstanceMarket.ON_DEMAND;
    const value: PoolParameter = {
      ...this._routing,
      platform: this.platform,
      scope: props.repository
        ? { kind: 'repository', repository: props.repository }
        : { kind: 'organization', organization: props.owner },
      runnerGroupId: props.runnerGroupId ?? 1,
      instanceTypes: instanceTypesOf(this.poolName, this.platform, props.instanceTypes),
      subnetIds: this._subnetIds,
      spotAllocation: props.spotAllocation ?? SpotAllocation.PRICE_CAPACITY_OPTIMIZED,
      onDemandAllocation: props.onDemandAllocation ?? OnDemandAllocation.LOWEST_PRICE,
      market: market === InstanceMarket.ON_DEMAND ? 'on-demand' : 'spot',
      onDemandFallback: market === InstanceMarket.SPOT_WITH_FALLBACK,
      rerunReclaimed: props.rerunReclaimed ?? false,
      launchTemplateId: template.ref,
      launchTemplateVersion: template.attrLatestVersionNumber,
      roleId: role.roleId,
      maxRunners: props.maxRunners ?? 100,
      ...clocksOf(props),
    };
    const parameter = new ssm.CfnParameter(this, 'Parameter', {
      name: `/mayfly/${props.deploymentId}/${this.poolName}`,
      description: `Mayfly pool ${this.poolName}`,
      type: 'String',
      // The standard tier ends at 4 KB. Larger ones cost 5 cents a month.
      tier: 'Intelligent-Tiering',
      value: Stack.of(this).toJsonString(value),
    });
    return parameter.ref;
  }
}

/** What the instance and who watches it from outside both go by. */
function clocksOf(props: RunnerPoolOptions): Pick<PoolParameter, 'idleTimeoutMs' | 'bootDeadlineMs' | 'lifetimeMs'> {
  const idleTimeoutMs = (props.idleTimeout ?? Duration.minutes(10)).toMilliseconds();
  const bootDeadlineMs = (props.bootDeadline ?? usualDeadline(props.platform)).toMilliseconds();
  // A job that starts in the last moment of the idle time has all of its own time.
  const lifetimeMs = bootDeadlineMs + idleTimeoutMs + (props.maxJobDuration ?? Duration.hours(6)).toMilliseconds();
  return { idleTimeoutMs, bootDeadlineMs, lifetimeMs };
}

/** Windows Server needs minutes until it reads its user data. */
function usualDeadline(platform?: PoolPlatform): Duration {
  return Duration.minutes(platform === PoolPlatform.WINDOWS_X64 ? 15 : 5);
}

/** What jobs may do, and which run at all. */
function jobRulesOf(props: RunnerPoolOptions) {
  return {
    policy: {
      repositories: props.allowedRepositories,
      publicRepositories: props.publicRepositories ?? false,
      forkPullRequests: props.forkPullRequests ?? false,
    },
    hooks: { jobStarted: props.jobStartedHook, jobCompleted: props.jobCompletedHook },
    sudo: props.jobSudo,
  };
}

function proxyOf({ httpProxy: http, httpsProxy: https, noProxy: direct }: RunnerPoolOptions) {
  return http === undefined && https === undefined ? undefined : { http, https, direct };
}

function routingOf(name: string, props: RunnerPoolOptions): WebhookPool {
  return {
    name,
    labels: [...new Set(['self-hosted', ...props.labels])],
    priority: props.priority ?? 0,
    ...(props.repository ? { repository: props.repository } : {}),
    ...(props.allowedRepositories ? { allowedRepositories: props.allowedRepositories } : {}),
    publicRepositories: props.publicRepositories ?? false,
  };
}
