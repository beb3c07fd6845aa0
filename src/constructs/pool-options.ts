import type { Duration, aws_ec2 as ec2, Size } from 'aws-cdk-lib';
import type { InstanceMarket, OnDemandAllocation, PoolPlatform, SpotAllocation } from './pool-choices';
import type { PoolImage } from './pool-image';

/** What a pool is. All but its labels has a default. */
export interface RunnerPoolOptions {
  /** A job is served when its `runs-on` labels are among these, whatever their case. `self-hosted` is always added. */
  readonly labels: string[];

  /**
   * Name of the pool in logs and tags: 1 to 32 characters of a-z, 0-9 and -.
   *
   * @default - the construct's id
   */
  readonly poolName?: string;

  /**
   * The highest wins where a job's labels fit several pools; then the name.
   *
   * @default 0
   */
  readonly priority?: number;

  /**
   * Operating system and processor.
   *
   * @default PoolPlatform.LINUX_X64
   */
  readonly platform?: PoolPlatform;

  /**
   * Machine image.
   *
   * @default PoolImage.ubuntu2404(), or PoolImage.windows2022() on Windows
   */
  readonly image?: PoolImage;

  /**
   * EC2 chooses among these. The more, the rarer a shortage.
   *
   * @default - 2 processors and 8 GiB: m7i, m7a, m6i and m6a, or m8g, m7g and m6g for arm64, each large
   */
  readonly instanceTypes?: ec2.InstanceType[];

  /**
   * How instances are paid for. Spot is a choice, because a job on a reclaimed instance fails.
   *
   * @default InstanceMarket.ON_DEMAND
   */
  readonly market?: InstanceMarket;

  /**
   * Whether a job whose spot instance EC2 took back is run again, once its workflow run is over. Its steps then happen
   * twice. The GitHub App needs the permission "Actions: write" for it.
   *
   * @default false
   */
  readonly rerunReclaimed?: boolean;

  /**
   * How EC2 chooses on the spot market.
   *
   * @default SpotAllocation.PRICE_CAPACITY_OPTIMIZED
   */
  readonly spotAllocation?: SpotAllocation;

  /**
   * How EC2 chooses at on-demand prices.
   *
   * @default OnDemandAllocation.LOWEST_PRICE
   */
  readonly onDemandAllocation?: OnDemandAllocation;

  /**
   * Size of the root volume (gp3, encrypted, deleted with the instance). At least the image's.
   *
   * @default Size.gibibytes(100)
   */
  readonly rootVolumeSize?: Size;

  /**
   * Subnets of the network.
   *
   * @default - all subnets of the runner network
   */
  readonly subnets?: ec2.SubnetSelection;

  /**
   * Security groups of the instances.
   *
   * @default - a new one: nothing in, everything out
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * `owner/name`: runners are registered with this repository and serve only its jobs.
   *
   * @default - runners are registered with the organisation
   */
  readonly repository?: string;

  /**
   * GitHub's id of the runner group that runners join. The group decides which repositories may use them.
   *
   * @default 1, the group "Default"
   */
  readonly runnerGroupId?: number;

  /**
   * Most instances at any time. Further jobs wait.
   *
   * @default 100
   */
  readonly maxRunners?: number;

  /**
   * How long a runner may wait for a job before it is ended.
   *
   * @default Duration.minutes(10)
   */
  readonly idleTimeout?: Duration;

  /**
   * From launch to "Listening for Jobs". An instance that takes longer is ended and replaced.
   *
   * @default Duration.minutes(5), or 15 on Windows
   */
  readonly bootDeadline?: Duration;

  /**
   * How long a job may run. The instance powers off after boot deadline, idle timeout and this, whatever runs.
   *
   * @default Duration.hours(6), as at GitHub
   */
  readonly maxJobDuration?: Duration;

  /**
   * Run in order by bash as root, on Windows each by a Windows PowerShell of its own as administrator, before the instance
   * takes its runner's credentials. One that fails ends the instance.
   * They are in the user data, which every job can read: no secrets. With the boot script at most 12 KB.
   *
   * @default - none
   */
  readonly setupCommands?: string[];

  /**
   * Lets operators open a shell by Session Manager, with the five permissions that it needs on the instance's side.
   *
   * @default false
   */
  readonly operatorAccess?: boolean;

  /**
   * `owner/name` each: only their jobs are routed here, and others fail before their first step. GitHub gives a runner to
   * any job that its runner group admits: name a `runnerGroupId` whose repositories are the same.
   *
   * @default - those of all repositories
   */
  readonly allowedRepositories?: string[];

  /**
   * Whether jobs of public repositories are routed here; others fail before their first step. Anybody can open a pull
   * request there and run code.
   *
   * @default false
   */
  readonly publicRepositories?: boolean;

  /**
   * Whether jobs of pull requests from forks run here. If not, they fail before their first step.
   *
   * @default false
   */
  readonly forkPullRequests?: boolean;

  /**
   * Path of a script on the image (`/....sh`, on Windows `C:\\....ps1`) that every job runs before its first step, after
   * Mayfly's own checks. It should belong to root. One that fails, fails the job.
   *
   * @default - none
   */
  readonly jobStartedHook?: string;

  /**
   * Path of a script on the image (`/....sh`, on Windows `C:\\....ps1`) that every job runs after its last step.
   *
   * @default - none
   */
  readonly jobCompletedHook?: string;

  /**
   * Whether jobs may become root without a password, as on GitHub's own runners. Not on Windows: they never may.
   *
   * @default true
   */
  readonly jobSudo?: boolean;

  /**
   * Installs Docker while the instance boots, where the image lacks it (half a minute or more), and lets jobs use it.
   * That makes them root, so it is refused with `jobSudo: false`. Not on Windows.
   *
   * @default false
   */
  readonly docker?: boolean;

  /**
   * `http://host:port` of the proxy for all that instances fetch over HTTP. Every job can read it: no password.
   *
   * @default - none
   */
  readonly httpProxy?: string;

  /**
   * The same for what they fetch over HTTPS, GitHub and AWS among it.
   *
   * @default - none
   */
  readonly httpsProxy?: string;

  /**
   * Hosts and domains that instances reach without a proxy, for instance `.amazonaws.com` where the network has gateway
   * endpoints. The instance metadata always are.
   *
   * @default - none
   */
  readonly noProxy?: string[];

  /**
   * Certificates (PEM) that instances trust besides those of their image, for instance that of a proxy. They count towards
   * the 12 KB of the boot script.
   *
   * @default - none
   */
  readonly caCertificates?: string;
}
