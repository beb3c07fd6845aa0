import {
  aws_apigatewayv2 as apigateway,
  Duration,
  Lazy,
  type aws_lambda as lambda,
  type aws_secretsmanager as secretsmanager,
  type aws_sqs as sqs,
} from 'aws-cdk-lib';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { WEBHOOK_ENV, type WebhookPool } from './contract';
import { MayflyFunction } from './mayfly-function';
import type { RunnerPool } from './runner-pool';
import { allowSecret } from './secrets';
import { SynthError } from './synth-error';

/** Lambda gives a function 4 KB for all of its environment; the rest of ours is names and addresses. */
const POOLS_BYTES = 3_300;

/** What receives GitHub's events. */
export interface WebhookProps {
  /** Organisation or user whose jobs are run. Events of anybody else are ignored. */
  readonly owner: string;

  /** `deploymentId` of the launcher: it stands in the names of its runners, whose events are heard whatever their labels. */
  readonly deploymentId: string;

  /** Where events go that a pool serves. */
  readonly queue: sqs.IQueue;

  /** Signs the webhooks: the secret itself, or a JSON list of at most two during a rotation. */
  readonly secret: secretsmanager.ISecret;

  /**
   * Id of the GitHub App's installation. Events of any other are ignored.
   *
   * @default - only the owner is compared
   */
  readonly installationId?: number;
}

/** Receives `workflow_job` events from GitHub, and puts those of our pools into the queue. */
export class Webhook extends Construct {
  /** Address for the GitHub App's settings. */
  public readonly url: string;
  /** The function. */
  public readonly handler: lambda.IFunction;

  private readonly pools: WebhookPool[] = [];

  constructor(scope: Construct, id: string, props: WebhookProps) {
    super(scope, id);
    const webhook = new MayflyFunction(this, 'Receive', {
      bundle: 'webhook',
      description: 'Mayfly: checks GitHub events and queues those of its pools',
      memorySize: 256,
      timeout: Duration.seconds(10),
      environment: {
        [WEBHOOK_ENV.owner]: props.owner,
        [WEBHOOK_ENV.deploymentId]: props.deploymentId,
        ...(props.installationId === undefined ? {} : { [WEBHOOK_ENV.installationId]: `${props.installationId}` }),
        [WEBHOOK_ENV.pools]: Lazy.string({ produce: () => JSON.stringify(this.pools) }),
        [WEBHOOK_ENV.queueUrl]: props.queue.queueUrl,
        [WEBHOOK_ENV.secretArn]: props.secret.secretArn,
      },
    });
    webhook.allow({ actions: ['sqs:SendMessage'], resources: [props.queue.queueArn] });
    allowSecret(webhook, props.secret);
    this.handler = webhook.handler;
    this.url = this.makeApi(webhook.handler);
  }

  /** Routes jobs to a pool too. */
  public addPool(pool: RunnerPool): void {
    this.pools.push(pool._routing);
    const bytes = Buffer.byteLength(JSON.stringify(this.pools));
    if (bytes > POOLS_BYTES) {
      throw new SynthError('too-many-pools', `With pool "${pool.poolName}" it has ${bytes} bytes of ${POOLS_BYTES}.`);
    }
  }

  private makeApi(handler: lambda.IFunction): string {
    const api = new apigateway.HttpApi(this, 'Api', {
      description: 'Mayfly: webhook of the GitHub App',
      createDefaultStage: false,
    });
    const stage = new apigateway.HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      // An HTTP API can have no web application firewall: this bounds what strangers can make us pay.
      throttle: { rateLimit: 200, burstLimit: 1_000 },
    });
    const [route] = api.addRoutes({
      path: '/webhook',
      methods: [apigateway.HttpMethod.POST],
      integration: new HttpLambdaIntegration('Function', handler),
    });
    if (route) acknowledge(route, 'AwsSolutions-APIG4', "The function checks GitHub's signature of the body.");
    for (const rule of ['AwsSolutions-APIG1', 'Serverless-APIGWAccessLogging']) {
      acknowledge(stage, rule, 'The function logs every delivery with what became of it.');
    }
    return `${api.apiEndpoint}/webhook`;
  }
}
