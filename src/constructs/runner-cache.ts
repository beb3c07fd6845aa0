import {
  CustomResource,
  Duration,
  type aws_dynamodb as dynamodb,
  aws_events as events,
  Lazy,
  type aws_lambda as lambda,
  RemovalPolicy,
  aws_s3 as s3,
  type aws_secretsmanager as secretsmanager,
  aws_events_targets as targets,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { BUCKET_PREFIX, RUNNER_CACHE_ENV } from './contract';
import { githubApiUrl } from './github-url';
import { MayflyFunction } from './mayfly-function';
import type { RunnerPool } from './runner-pool';
import { allowSecret } from './secrets';

/** What keeps runner packages near the instances. */
export interface RunnerCacheProps {
  /** Organisation or user whose jobs are run: GitHub offers runner versions to an account. */
  readonly owner: string;

  /** JSON with the GitHub App's `appId` and `privateKey` (PEM), and its `installationId` if known. */
  readonly appSecret: secretsmanager.ISecret;

  /** The launcher's: it says which package is current. */
  readonly stateTable: dynamodb.ITable;

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
   * How often GitHub is asked for a new version. Also the longest wait for the first package when the App is set up later.
   *
   * @default Duration.hours(1)
   */
  readonly refreshEvery?: Duration;
}

/** The newest runner package of each platform in a bucket of the region, checked against GitHub's list of checksums. */
export class RunnerCache extends Construct {
  /** The bucket: packages under `runner/`, logs of instances under `logs/`. */
  public readonly bucket: s3.Bucket;
  /** The function. */
  public readonly handler: lambda.IFunction;

  /** @internal */
  public readonly _schedule: events.Rule;

  private readonly platforms = new Set<string>();

  constructor(scope: Construct, id: string, props: RunnerCacheProps) {
    super(scope, id);
    this.bucket = this.makeBucket();
    const cache = this.makeFunction(props);
    this.handler = cache.handler;
    this._schedule = new events.Rule(this, 'Schedule', {
      description: 'Mayfly: keeps the runner packages current',
      schedule: events.Schedule.rate(props.refreshEvery ?? Duration.hours(1)),
      targets: [new targets.LambdaFunction(cache.handler)],
    });
    acknowledge(this._schedule, 'Serverless-EventBusDLQ', 'The next run does what this one did not.');
    // At the first deployment, and when what it is about changes. It answers "done" whether or not it could.
    new CustomResource(this, 'OnDeploy', {
      resourceType: 'Custom::MayflyRunnerCache',
      serviceToken: cache.handler.functionArn,
      serviceTimeout: Duration.minutes(6),
      properties: { Platforms: this.platformList(), RunnerVersion: props.runnerVersion ?? 'offered' },
    });
  }

  /** Keeps packages for a pool's platform too. */
  public addPool(pool: RunnerPool): void {
    this.platforms.add(pool.platform);
  }

  private platformList(): string {
    return Lazy.string({ produce: () => [...this.platforms].sort().join(',') });
  }

  private makeBucket(): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [
        { prefix: BUCKET_PREFIX.logs, expiration: Duration.days(7) },
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledge(bucket, 'AwsSolutions-S1', 'Public runner packages and logs that nobody reads by request.');
    return bucket;
  }

  private makeFunction(props: RunnerCacheProps): MayflyFunction {
    const cache = new MayflyFunction(this, 'Refresh', {
      bundle: 'runner-cache',
      description: 'Mayfly: brings runner packages into the bucket',
      memorySize: 512,
      timeout: Duration.minutes(5),
      environment: {
        [RUNNER_CACHE_ENV.table]: props.stateTable.tableName,
        [RUNNER_CACHE_ENV.bucket]: this.bucket.bucketName,
        [RUNNER_CACHE_ENV.appSecretArn]: props.appSecret.secretArn,
        [RUNNER_CACHE_ENV.githubUrl]: githubApiUrl(props.githubUrl),
        [RUNNER_CACHE_ENV.owner]: props.owner,
        [RUNNER_CACHE_ENV.platforms]: this.platformList(),
        ...(props.runnerVersion === undefined ? {} : { [RUNNER_CACHE_ENV.pinnedVersion]: props.runnerVersion }),
      },
    });
    allowSecret(cache, props.appSecret);
    cache.allow({
      actions: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      resources: [props.stateTable.tableArn],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['runner#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    cache.allow(
      {
        actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        resources: [this.bucket.arnForObjects(`${BUCKET_PREFIX.runner}*`)],
      },
      'Runner packages, named after versions to come.',
    );
    // Without it S3 says "forbidden" of an object that is not there. A condition on the prefix would deny that again.
    cache.allow({ actions: ['s3:ListBucket'], resources: [this.bucket.bucketArn] });
    return cache;
  }
}
