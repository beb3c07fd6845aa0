import { Annotations, CfnOutput, type Duration, type aws_secretsmanager as secretsmanager } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { deploymentIdOf } from './deployment-id';
import { EndInstances } from './end-instances';
import { Launcher } from './launcher';
import type { RunnerPoolOptions } from './pool-options';
import { Reconciler } from './reconciler';
import { RunnerCache } from './runner-cache';
import { RunnerNetwork } from './runner-network';
import { RunnerPool } from './runner-pool';
import { emptySecret } from './secrets';
import { describeFault, SynthError } from './synth-error';
import { Webhook } from './webhook';

/** Whose jobs are run, and how the fleet reaches GitHub. */
export interface RunnerFleetProps {
  /**
   * The organisation whose jobs are run.
   *
   * @default - an `owner` is given
   */
  readonly organization?: string;

  /**
   * The user whose jobs are run. Every pool then needs a `repository`.
   *
   * @default - an `organization` is given
   */
  readonly owner?: string;

  /**
   * The GitHub App's credentials, JSON: `appId`, `privateKey` (PEM) and, if known, `installationId`.
   *
   * @default - a secret without a value, to be set later: until then nothing is launched
   */
  readonly appSecret?: secretsmanager.ISecret;

  /**
   * What signs the GitHub App's webhooks: the secret itself, or a JSON list of at most two during a rotation.
   *
   * @default - a secret without a value, to be set later: until then webhooks are answered 500 `not-configured`
   */
  readonly webhookSecret?: secretsmanager.ISecret;

  /**
   * Id of the GitHub App's installation. Events of any other are ignored.
   *
   * @default - only the owner is compared
   */
  readonly installationId?: number;

  /**
   * Where runners are launched.
   *
   * @default - a new network: two zones, private subnets, one NAT gateway, gateway endpoints for S3 and DynamoDB
   */
  readonly network?: RunnerNetwork;

  /**
   * Address of a GitHub Enterprise server, such as `https://github.example.com`.
   *
   * @default 'https://github.com'
   */
  readonly githubUrl?: string;

  /**
   * A runner version to keep to, such as `2.330.0`. GitHub refuses runners that are more than 30 days behind.
   *
   * @default - what GitHub offers
   */
  readonly runnerVersion?: string;

  /**
   * How often GitHub is asked for a new runner version.
   *
   * @default Duration.hours(1)
   */
  readonly refreshEvery?: Duration;

  /**
   * How many batches of events are worked on at once: 2 to 5.
   *
   * @default 5
   */
  readonly maxConcurrency?: number;

  /**
   * Raises a coded alarm in the reconciler's log for online runners that are not of this fleet and could take its jobs,
   * except those with one of these names; `*` stands for any text. An empty list: for all of them.
   *
   * @default - no alarm: most organisations have other runners
   */
  readonly alarmOnForeignRunnersExcept?: string[];
}

/** GitHub Actions runners that live for one job. Add at least one pool. */
export class RunnerFleet extends Construct {
  /** Receives GitHub's events. */
  public readonly webhook: Webhook;
  /** Launches instances. */
  public readonly launcher: Launcher;
  /** Repairs what events did not tell, every minute. */
  public readonly reconciler: Reconciler;
  /** Keeps runner packages. */
  public readonly runnerCache: RunnerCache;
  /** Where runners are launched. */
  public readonly network: RunnerNetwork;
  /** The GitHub App's credentials. */
  public readonly appSecret: secretsmanager.ISecret;
  /** What signs the GitHub App's webhooks. */
  public readonly webhookSecret: secretsmanager.ISecret;
  /** In every tag, runner name and condition of this deployment. Known to the deployment only. */
  public readonly deploymentId: string;

  private readonly owner: string;
  private readonly ownerIsUser: boolean;
  private readonly ending: EndInstances;
  private readonly pools: RunnerPool[] = [];

  constructor(scope: Construct, id: string, props: RunnerFleetProps) {
    super(scope, id);
    this.owner = ownerOf(props);
    this.ownerIsUser = props.organization === undefined;
    this.deploymentId = deploymentIdOf(this);
    this.network = props.network ?? new RunnerNetwork(this, 'Network');
    this.appSecret = props.appSecret ?? this.secretForLater('AppSecret', "Mayfly: the GitHub App's credentials");
    this.webhookSecret = props.webhookSecret ?? this.secretForLater('WebhookSecret', 'Mayfly: signs webhooks');
    const { owner, appSecret, deploymentId } = this;
    const { githubUrl, maxConcurrency, installationId, runnerVersion, refreshEvery } = props;
    this.launcher = new Launcher(this, 'Launcher', { appSecret, deploymentId, githubUrl, maxConcurrency });
    const { queue, stateTable } = this.launcher;
    const secret = this.webhookSecret;
    this.webhook = new Webhook(this, 'Webhook', { owner, deploymentId, installationId, queue, secret });
    const cacheProps = { owner, appSecret, stateTable, githubUrl, runnerVersion, refreshEvery };
    this.runnerCache = new RunnerCache(this, 'RunnerCache', cacheProps);
    this.ending = new EndInstances(this, 'Ending', { deploymentId, bucket: this.runnerCache.bucket });
    this.ending.keep(this.network);
    const { launcher } = this;
    const { alarmOnForeignRunnersExcept } = props;
    this.reconciler = new Reconciler(this, 'Reconciler', { launcher, owner, alarmOnForeignRunnersExcept });
    // All of the reconciler: once its role has no rights, a run that is underway launches nothing any more either.
    this.ending.stopBefore(launcher._eventSource, this.runnerCache._schedule, this.reconciler);
    new CfnOutput(this, 'WebhookUrl', { value: this.webhook.url, description: "For the GitHub App's settings" });
    this.node.addValidation({
      validate: () => (this.pools.length === 0 ? [describeFault('no-pools', `Fleet "${id}" has none.`)] : []),
    });
  }

  /** Adds a set of interchangeable runners. */
  public addPool(id: string, props: RunnerPoolOptions): RunnerPool {
    const name = props.poolName ?? id;
    if (this.pools.some((pool) => pool.poolName === name)) {
      throw new SynthError('pool-name', `The fleet has two pools named "${name}".`);
    }
    const pool = new RunnerPool(this, id, {
      ...props,
      owner: this.owner,
      ownerIsUser: this.ownerIsUser,
      deploymentId: this.deploymentId,
      mailboxTable: this.launcher.mailboxTable,
      bucket: this.runnerCache.bucket,
      network: this.network,
    });
    this.warnOfTwin(pool);
    for (const part of [this.webhook, this.launcher, this.reconciler, this.runnerCache]) part.addPool(pool);
    this.ending.keep(pool);
    this.pools.push(pool);
    return pool;
  }

  /** Two pools that take the same jobs: legal, since the name decides, but seldom meant. */
  private warnOfTwin(pool: RunnerPool): void {
    const twin = this.pools.find((other) => takesOf(other) === takesOf(pool));
    if (!twin) return;
    Annotations.of(pool).addWarningV2(
      'mayfly:same-labels',
      `Pools "${twin.poolName}" and "${pool.poolName}" have the same labels and the same priority: ` +
        'the first by name gets all jobs. Give one of them another label or priority.',
    );
  }

  private secretForLater(id: string, description: string): secretsmanager.ISecret {
    const secret = emptySecret(this, id, description);
    new CfnOutput(this, `${id}Arn`, { value: secret.secretArn, description: `${description}. Set its value` });
    return secret;
  }
}

function takesOf({ _routing: { labels, priority, repository, allowedRepositories } }: RunnerPool): string {
  const names = (list: readonly string[]) => list.map((one) => one.toLowerCase()).sort();
  return JSON.stringify([names(labels), priority, names([repository ?? []].flat()), names(allowedRepositories ?? [])]);
}

function ownerOf({ organization, owner }: RunnerFleetProps): string {
  const [name, ...more] = [organization ?? [], owner ?? []].flat();
  if (name === undefined || more.length > 0) {
    throw new SynthError('owner-unclear', `organization is ${organization}, owner is ${owner}.`);
  }
  return name;
}
