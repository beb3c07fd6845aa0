import {
  Duration,
  aws_dynamodb as dynamodb,
  aws_events as events,
  aws_lambda as lambda,
  RemovalPolicy,
  type aws_secretsmanager as secretsmanager,
  aws_sqs as sqs,
  Token,
  aws_events_targets as targets,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { deploymentIdOf } from './deployment-id';
import { LaunchFunction, type LaunchParts } from './launch-function';
import type { RunnerPool } from './runner-pool';
import { SynthError } from './synth-error';

/** What launches instances for jobs. */
export interface LauncherProps {
  /** JSON with the GitHub App's `appId` and `privateKey` (PEM), and its `installationId` if known. */
  readonly appSecret: secretsmanager.ISecret;

  /**
   * Tells this deployment's instances, runners and records from any other's: up to 16 characters of a-z and 0-9.
   *
   * @default - follows from the deployed stack
   */
  readonly deploymentId?: string;

  /**
   * Address of a GitHub Enterprise server, such as `https://github.example.com`.
   *
   * @default 'https://github.com'
   */
  readonly githubUrl?: string;

  /**
   * How many batches are worked on at once: 2 to 5.
   *
   * @default 5
   */
  readonly maxConcurrency?: number;
}

/** Longer than any pass takes. What is left of a batch then comes again after the queue's visibility timeout. */
const DISPATCH_TIMEOUT = Duration.seconds(30);

/** The queue of events, and the function that records jobs, launches instances and registers their runners. */
export class Launcher extends Construct {
  /** Where events go. */
  public readonly queue: sqs.Queue;
  /** Messages that failed five times. */
  public readonly deadLetterQueue: sqs.Queue;
  /** Jobs, attempts, launches and counters. */
  public readonly stateTable: dynamodb.Table;
  /** One row for each instance: its letter with the JIT config, and its report. */
  public readonly mailboxTable: dynamodb.Table;
  /** The function. */
  public readonly handler: lambda.IFunction;
  /** In every tag, runner name and condition of this deployment. */
  public readonly deploymentId: string;

  /** @internal */
  public readonly _eventSource: lambda.EventSourceMapping;

  /** @internal */
  public readonly _parts: LaunchParts;

  private readonly dispatch: LaunchFunction;

  constructor(scope: Construct, id: string, props: LauncherProps) {
    super(scope, id);
    const maxConcurrency = props.maxConcurrency ?? 5;
    if (!Number.isInteger(maxConcurrency) || maxConcurrency < 2 || maxConcurrency > 5) {
      throw new SynthError('concurrency-range', `maxConcurrency is ${maxConcurrency}.`);
    }
    this.deploymentId = props.deploymentId ?? deploymentIdOf(this);
    if (!Token.isUnresolved(this.deploymentId) && !/^[a-z0-9]{1,16}$/.test(this.deploymentId)) {
      throw new SynthError('deployment-id', `It is ${JSON.stringify(this.deploymentId)}.`);
    }
    this.deadLetterQueue = makeQueue(this, 'DeadLetters', { retentionPeriod: Duration.days(14) });
    acknowledge(this.deadLetterQueue, 'Serverless-SQSRedrivePolicy', 'It is where the others end.');
    this.queue = makeQueue(this, 'Queue', {
      visibilityTimeout: Duration.seconds(6 * DISPATCH_TIMEOUT.toSeconds()),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 5 },
    });
    this.stateTable = this.makeStateTable();
    this.mailboxTable = this.makeMailboxTable();
    const { deploymentId, queue, stateTable, mailboxTable } = this;
    const { appSecret, githubUrl } = props;
    this._parts = { deploymentId, queue, stateTable, mailboxTable, appSecret, githubUrl };
    this.dispatch = this.makeDispatch();
    this.handler = this.dispatch.handler;
    this._eventSource = new lambda.EventSourceMapping(this, 'Batches', {
      target: this.handler,
      eventSourceArn: this.queue.queueArn,
      batchSize: 10,
      maxBatchingWindow: Duration.seconds(0),
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    acknowledge(this._eventSource, 'Serverless-LambdaEventSourceMappingDestination', 'The queue has dead letters.');
    this.reportInstances();
  }

  /** Launches instances of a pool too. */
  public addPool(pool: RunnerPool): void {
    this.dispatch.addPool(pool);
  }

  private makeStateTable(): dynamodb.Table {
    return new dynamodb.Table(this, 'State', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private makeMailboxTable(): dynamodb.Table {
    const table = new dynamodb.Table(this, 'Mailbox', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      // Every job can write its own row: this bounds what all can cost. One row alone takes at most 1,000 a second.
      maxWriteRequestUnits: 2_000,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(table, 'AwsSolutions-DDB3', 'A backup would keep the credentials of runners for 35 days.');
    return table;
  }

  private makeDispatch(): LaunchFunction {
    const dispatch = new LaunchFunction(this, 'Dispatch', {
      bundle: 'dispatch',
      description: 'Mayfly: records jobs, launches instances and registers their runners',
      timeout: DISPATCH_TIMEOUT,
      parts: this._parts,
    });
    dispatch.allow({
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      resources: [this.queue.queueArn],
    });
    return dispatch;
  }

  /** EC2's events carry no tags: all of the account's come, and the function drops those of unknown instances. */
  private reportInstances(): void {
    const rule = (id: string, detailType: string, change: string, detail?: Record<string, string[]>) =>
      new events.Rule(this, id, {
        description: 'Mayfly: instances that end',
        eventPattern: { source: ['aws.ec2'], detailType: [detailType], detail },
        targets: [
          new targets.SqsQueue(this.queue, { message: instanceMessage(change), deadLetterQueue: this.deadLetterQueue }),
        ],
      });
    const states = { state: ['terminated', 'stopped'] };
    rule(
      'InstanceEnded',
      'EC2 Instance State-change Notification',
      events.EventField.fromPath('$.detail.state'),
      states,
    );
    rule('SpotWarning', 'EC2 Spot Instance Interruption Warning', 'spot-warning');
  }
}

function makeQueue(scope: Construct, id: string, props: sqs.QueueProps): sqs.Queue {
  return new sqs.Queue(scope, id, { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true, ...props });
}

/** In the words of `src/core/messages.ts`. */
const instanceMessage = (change: string) =>
  events.RuleTargetInput.fromObject({
    kind: 'instance',
    instanceId: events.EventField.fromPath('$.detail.instance-id'),
    change,
  });
