import { Aws } from 'aws-cdk-lib';
import { PoolPlatform } from './pool-choices';
import type { RunnerImage } from './runner-image';

/** What must be said of an image that is not one of the listed ones. */
export interface OwnImageOptions {
  /**
   * The image's root device: the volume that is enlarged and encrypted. With a wrong name the instance gets a second
   * volume instead.
   *
   * @default '/dev/xvda', as in images of Amazon Linux and Debian; those of Ubuntu have '/dev/sda1'. For a Windows pool
   * '/dev/sda1', as in all of Windows
   */
  readonly rootDeviceName?: string;
}

/** An image as a launch template names it. */
export interface BoundImage {
  readonly imageId: string;
  /** The SSM parameter that EC2 reads at launch, with the rights of who launches. */
  readonly parameterArn?: string;
  readonly rootDeviceName: string;
}

interface ImageSource {
  /** None: what the platform's images have. */
  readonly rootDeviceName?: string;
  /** None: an own image, of which only its maker knows. */
  readonly system?: 'linux' | 'windows';
  /** None: whichever of the system's. */
  readonly platform?: PoolPlatform;
  readonly amiId?: string;
  /** The parameter's name, by processor. */
  readonly parameter?: (processor: 'x64' | 'arm64') => string;
}

/** The machine image of a pool. Public ones are looked up by EC2 at each launch: a new release needs no deployment. */
export class PoolImage {
  /** Ubuntu Server 24.04, by Canonical. Needs no package installed before a job. */
  public static ubuntu2404(): PoolImage {
    const processors = { x64: 'amd64', arm64: 'arm64' };
    return new PoolImage({
      system: 'linux',
      rootDeviceName: '/dev/sda1',
      parameter: (processor) =>
        `/aws/service/canonical/ubuntu/server/24.04/stable/current/${processors[processor]}/hvm/ebs-gp3/ami-id`,
    });
  }

  /** Amazon Linux 2023. The boot installs libicu and git, which the runner needs and the image lacks. */
  public static amazonLinux2023(): PoolImage {
    const processors = { x64: 'x86_64', arm64: 'arm64' };
    return new PoolImage({
      system: 'linux',
      rootDeviceName: '/dev/xvda',
      parameter: (processor) =>
        `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${processors[processor]}`,
    });
  }

  /** Debian 13. */
  public static debian13(): PoolImage {
    const processors = { x64: 'amd64', arm64: 'arm64' };
    return new PoolImage({
      system: 'linux',
      rootDeviceName: '/dev/xvda',
      parameter: (processor) => `/aws/service/debian/release/13/latest/${processors[processor]}`,
    });
  }

  /**
   * Windows Server 2022 with a desktop, by AWS, for `PoolPlatform.WINDOWS_X64`. It has neither git nor PowerShell 7: let
   * `setupCommands` install what jobs need, or bring an image of your own.
   */
  public static windows2022(): PoolImage {
    return new PoolImage({
      system: 'windows',
      parameter: () => '/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base',
    });
  }

  /** An image by its id: the one that is given, until the next deployment. */
  public static ami(amiId: string, options: OwnImageOptions = {}): PoolImage {
    return new PoolImage({ ...options, amiId });
  }

  /** The image whose id an SSM parameter of this account and region holds at launch. */
  public static ssmParameter(name: string, options: OwnImageOptions = {}): PoolImage {
    return new PoolImage({ ...options, parameter: () => name });
  }

  /** The latest image of a `RunnerImage`, for pools of its platform. */
  public static fromRunnerImage(image: RunnerImage): PoolImage {
    const { platform, parameterName, _rootDeviceName: rootDeviceName } = image;
    return new PoolImage({ platform, rootDeviceName, parameter: () => parameterName });
  }

  private constructor(private readonly source: ImageSource) {}

  /** @internal */
  public _fits(platform: PoolPlatform): boolean {
    const { system, platform: only = platform } = this.source;
    return platform === only && (system === undefined || (system === 'windows') === isWindows(platform));
  }

  /** @internal */
  public _bind(platform: PoolPlatform): BoundImage {
    const { amiId, parameter } = this.source;
    const usual = isWindows(platform) ? '/dev/sda1' : '/dev/xvda';
    const rootDeviceName = this.source.rootDeviceName ?? usual;
    if (!parameter) return { imageId: amiId ?? '', rootDeviceName };
    const name = parameter(platform === PoolPlatform.LINUX_ARM64 ? 'arm64' : 'x64');
    return { imageId: `resolve:ssm:${name}`, parameterArn: parameterArn(name), rootDeviceName };
  }
}

const isWindows = (platform: PoolPlatform) => platform === PoolPlatform.WINDOWS_X64;

/** AWS's public parameters belong to no account. */
function parameterArn(name: string): string {
  const account = name.startsWith('/aws/service/') ? '' : Aws.ACCOUNT_ID;
  return `arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${account}:parameter/${name.replace(/^\//, '')}`;
}
