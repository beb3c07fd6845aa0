import {
  type Duration,
  type aws_dynamodb as dynamodb,
  Lazy,
  type aws_secretsmanager as secretsmanager,
  type aws_sqs as sqs,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DISPATCH_ENV } from './contract';
import { githubApiUrl } from './github-url';
import { LaunchPermissions } from './launch-permissions';
import { MayflyFunction, type MayflyFunctionProps } from './mayfly-function';
import type { RunnerPool } from './runner-pool';
import { allowSecret } from './secrets';

/** What all functions that launch share. */
export interface LaunchParts {
  readonly deploymentId: string;
  readonly queue: sqs.IQueue;
  readonly stateTable: dynamodb.ITable;
  readonly mailboxTable: dynamodb.ITable;
  readonly appSecret: secretsmanager.ISecret;
  readonly githubUrl?: string;
}

export interface LaunchFunctionProps extends Pick<MayflyFunctionProps, 'bundle' | 'description'> {
  readonly parts: LaunchParts;
  readonly timeout: Duration;
  /** Beside what every such function has. */
  readonly environment?: Record<string, string>;
}

/** A function that launches instances and ends them: dispatch, and the reconciler. */
export class LaunchFunction extends MayflyFunction {
  private readonly parameterNames: string[];
  private readonly permissions: LaunchPermissions;

  constructor(scope: Construct, id: string, { parts, environment, ...props }: LaunchFunctionProps) {
    const parameterNames: string[] = [];
    const shared = environmentOf(parts, parameterNames);
    super(scope, id, { ...props, memorySize: 512, environment: { ...shared, ...environment } });
    this.parameterNames = parameterNames;
    allowSecret(this, parts.appSecret);
    this.allow({ actions: ['sqs:SendMessage'], resources: [parts.queue.queueArn] });
    this.allow({
      actions: ['BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'].map((action) => `dynamodb:${action}`),
      resources: [parts.stateTable.tableArn],
    });
    this.allow({
      actions: ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'],
      resources: [parts.mailboxTable.tableArn],
    });
    this.permissions = new LaunchPermissions(this, parts.deploymentId);
  }

  /** Launches instances of a pool too. */
  public addPool(pool: RunnerPool): void {
    this.parameterNames.push(pool.parameterName);
    this.permissions.addPool(pool);
  }
}

/** `parameterNames`: grows with the pools. */
const environmentOf = (parts: LaunchParts, parameterNames: readonly string[]) => ({
  [DISPATCH_ENV.deploymentId]: parts.deploymentId,
  [DISPATCH_ENV.table]: parts.stateTable.tableName,
  [DISPATCH_ENV.mailboxTable]: parts.mailboxTable.tableName,
  [DISPATCH_ENV.queueUrl]: parts.queue.queueUrl,
  [DISPATCH_ENV.appSecretArn]: parts.appSecret.secretArn,
  [DISPATCH_ENV.poolParameters]: Lazy.string({ produce: () => parameterNames.join(',') }),
  [DISPATCH_ENV.githubUrl]: githubApiUrl(parts.githubUrl),
});
