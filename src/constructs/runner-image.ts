import { createHash } from 'node:crypto';
import {
  Aws,
  CfnOutput,
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_imagebuilder as imagebuilder,
  Names,
  Size,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { COMPONENT_CHARACTERS, imageComponent } from './image-component';
import { makeBuildRole, makeLifecycleRole } from './image-roles';
import { PoolPlatform } from './pool-choices';
import { type BoundImage, PoolImage } from './pool-image';
import type { RunnerCache } from './runner-cache';
import type { RunnerNetwork } from './runner-network';
import { SynthError } from './synth-error';

/** What an image of runners is made of. */
export interface RunnerImageProps {
  /** Where the runner packages lie: the fleet's. */
  readonly runnerCache: RunnerCache;

  /** Where the instances run of which images are made: the fleet's, for instance. They need a way out. */
  readonly network: RunnerNetwork;

  /**
   * Operating system and processor: that of the pools that take the image.
   *
   * @default PoolPlatform.LINUX_X64
   */
  readonly platform?: PoolPlatform;

  /**
   * What is added to: an image of Linux. An SSM parameter of your own must lie below `/imagebuilder/`.
   *
   * @default PoolImage.ubuntu2404()
   */
  readonly baseImage?: PoolImage;

  /**
   * Whether Docker is installed. A pool still says whether its jobs may use it.
   *
   * @default true
   */
  readonly docker?: boolean;

  /**
   * Run in order by bash as root, after all else is installed. One that fails fails the build, and the last image stays.
   *
   * @default - none
   */
  readonly setupCommands?: string[];

  /**
   * Of the instance of which the image is made.
   *
   * @default - 2 processors and 8 GiB: m7i.large, or m7g.large for arm64
   */
  readonly instanceType?: ec2.InstanceType;

  /**
   * Size of the image's root volume. A pool's is at least as large.
   *
   * @default Size.gibibytes(20)
   */
  readonly rootVolumeSize?: Size;

  /**
   * When an image is made: Image Builder's cron expression, UTC.
   *
   * @default 'cron(0 4 ? * SUN *)', Sundays at 4
   */
  readonly schedule?: string;
}

const RETAINED_IMAGES = 3;

/**
 * A machine image in which the runner, its libraries, git and Docker lie ready, made anew every week by EC2 Image Builder
 * and tested on an instance. Pools take it by `PoolImage.fromRunnerImage`: the next launch after a build has it.
 *
 * The runner lies unpacked in `/opt/actions-runner`, with the sha256 of its package in the file `.sha256`: when the cache
 * has a newer one, the boot fetches that.
 *
 * The first image needs a runner package in the cache, so the first build is yours to start: an output of the stack has
 * the command. Until it is done, launches of a pool with this image fail. Deleting the stack leaves the last images.
 */
export class RunnerImage extends Construct {
  /** Operating system and processor. */
  public readonly platform: PoolPlatform;
  /** Name of the SSM parameter with the id of the latest image. */
  public readonly parameterName: string;
  /** ARN of the Image Builder pipeline. */
  public readonly pipelineArn: string;
  /** Security groups of the instances of which images are made. */
  public readonly connections: ec2.Connections;

  /** @internal */
  public readonly _rootDeviceName: string;

  private readonly uniqueName: string;

  constructor(scope: Construct, id: string, props: RunnerImageProps) {
    super(scope, id);
    this.platform = props.platform ?? PoolPlatform.LINUX_X64;
    this.uniqueName = Names.uniqueResourceName(this, { maxLength: 60, separator: '-' }).toLowerCase();
    // Where Image Builder's own role may write.
    this.parameterName = `/imagebuilder/mayfly/${this.uniqueName}`;
    const base = this.bindBase(props.baseImage ?? PoolImage.ubuntu2404());
    this._rootDeviceName = base.rootDeviceName;
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: props.network.vpc,
      description: 'Mayfly image builds: nothing in, everything out',
    });
    this.connections = new ec2.Connections({ securityGroups: [group] });
    const pipeline = this.makePipeline(
      this.makeRecipe(base, props),
      this.makeInfrastructure(group, props),
      props.schedule,
    );
    this.pipelineArn = pipeline.attrArn;
    this.retainLatest();
    new CfnOutput(this, 'FirstBuild', {
      description: 'Makes the first image, once the runner cache has a package. Later ones are made every week',
      value: `aws imagebuilder start-image-pipeline-execution --image-pipeline-arn ${pipeline.attrArn}`,
    });
  }

  private refuse(got: string): never {
    throw new SynthError('runner-image', `Image "${this.node.id}": ${got}.`);
  }

  /** Image Builder's own role reads AWS's parameters and those below /imagebuilder/. */
  private bindBase(image: PoolImage): BoundImage {
    if (this.platform === PoolPlatform.WINDOWS_X64 || !image._fits(this.platform)) {
      this.refuse(`its platform is ${this.platform}, and its base image is for another`);
    }
    const base = image._bind(this.platform);
    if (!/^(ami-|resolve:ssm:\/(aws\/service|imagebuilder)\/)/.test(base.imageId)) {
      this.refuse(`its base image is ${base.imageId}`);
    }
    return base;
  }

  /** Components and recipes never change once made, so that each has a version after its content: two numbers of 30 bits. */
  private versionOf(content: unknown): string {
    const hash = createHash('sha256')
      .update(JSON.stringify(Stack.of(this).resolve(content)))
      .digest();
    return `1.${hash.readUInt32BE(0) >>> 2}.${hash.readUInt32BE(4) >>> 2}`;
  }

  private makeComponent(props: RunnerImageProps): imagebuilder.CfnComponent {
    const { docker = true, setupCommands = [] } = props;
    const wrong = setupCommands.find((command) => command.includes('{{'));
    if (wrong !== undefined) this.refuse(`Image Builder reads {{ as its own, and there is ${JSON.stringify(wrong)}`);
    const { bucketName } = props.runnerCache.bucket;
    const document = imageComponent({ bucketName, platform: this.platform, docker, setupCommands });
    const length = JSON.stringify(document).length;
    if (length > COMPONENT_CHARACTERS) this.refuse(`its commands make a document of ${length} characters`);
    const data = Stack.of(this).toJsonString(document);
    return new imagebuilder.CfnComponent(this, 'Component', {
      name: this.uniqueName,
      version: this.versionOf(document),
      platform: 'Linux',
      description: 'Mayfly: runner, its libraries, git, Docker',
      data,
    });
  }

  private makeRecipe(base: BoundImage, props: RunnerImageProps): imagebuilder.CfnImageRecipe {
    const component = this.makeComponent(props);
    const content = {
      // "ssm:" and a name: the image at the time of the build.
      parentImage: base.imageId.replace(/^resolve:/, ''),
      components: [{ componentArn: component.attrArn }],
      blockDeviceMappings: [
        { deviceName: base.rootDeviceName, ebs: volumeOf(props.rootVolumeSize ?? Size.gibibytes(20)) },
      ],
    };
    const version = this.versionOf([component.version, content.parentImage, content.blockDeviceMappings]);
    return new imagebuilder.CfnImageRecipe(this, 'Recipe', { name: this.uniqueName, version, ...content });
  }

  private makeInfrastructure(group: ec2.SecurityGroup, props: RunnerImageProps): string {
    const role = makeBuildRole(this, this.uniqueName, props.runnerCache.bucket);
    const usual = this.platform === PoolPlatform.LINUX_ARM64 ? 'm7g.large' : 'm7i.large';
    return new imagebuilder.CfnInfrastructureConfiguration(this, 'Infrastructure', {
      name: this.uniqueName,
      instanceProfileName: new iam.CfnInstanceProfile(this, 'Profile', { roles: [role.roleName] }).ref,
      instanceTypes: [props.instanceType?.toString() ?? usual],
      instanceMetadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      securityGroupIds: [group.securityGroupId],
      subnetId: props.network.vpc.selectSubnets(props.network.subnets).subnetIds[0],
      terminateInstanceOnFailure: true,
    }).attrArn;
  }

  private makePipeline(recipe: imagebuilder.CfnImageRecipe, infrastructure: string, schedule = 'cron(0 4 ? * SUN *)') {
    const distribution = new imagebuilder.CfnDistributionConfiguration(this, 'Distribution', {
      name: this.uniqueName,
      distributions: [
        {
          region: Aws.REGION,
          // Of any shape to the CDK, which leaves names as they are.
          amiDistributionConfiguration: { Name: `${this.uniqueName}-{{ imagebuilder:buildDate }}` },
          ssmParameterConfigurations: [{ parameterName: this.parameterName, dataType: 'aws:ec2:image' }],
        },
      ],
    });
    return new imagebuilder.CfnImagePipeline(this, 'Pipeline', {
      name: this.uniqueName,
      description: 'Mayfly: the machine image of runners',
      imageRecipeArn: recipe.attrArn,
      infrastructureConfigurationArn: infrastructure,
      distributionConfigurationArn: distribution.attrArn,
      // An inventory of what is installed would need more rights on the instance.
      enhancedImageMetadataEnabled: false,
      imageTestsConfiguration: { imageTestsEnabled: true, timeoutMinutes: 60 },
      // Also when the base image is still the same: the runner seldom is.
      schedule: { scheduleExpression: schedule, pipelineExecutionStartCondition: 'EXPRESSION_MATCH_ONLY' },
    });
  }

  /** Each image costs as long as its snapshot is there. */
  private retainLatest(): void {
    new imagebuilder.CfnLifecyclePolicy(this, 'Lifecycle', {
      name: this.uniqueName,
      executionRole: makeLifecycleRole(this, this.uniqueName).roleArn,
      resourceType: 'AMI_IMAGE',
      resourceSelection: { recipes: [{ name: this.uniqueName, semanticVersion: 'x.x.x' }] },
      policyDetails: [
        {
          action: { type: 'DELETE', includeResources: { amis: true, snapshots: true } },
          filter: { type: 'COUNT', value: RETAINED_IMAGES },
        },
      ],
    });
  }
}

const volumeOf = (size: Size) => ({
  volumeType: 'gp3',
  volumeSize: size.toGibibytes(),
  encrypted: true,
  deleteOnTermination: true,
});
