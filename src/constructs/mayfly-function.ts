import * as path from 'node:path';
import { type Duration, aws_iam as iam, aws_lambda as lambda, aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeWildcards } from './acknowledge';

export interface MayflyFunctionProps {
  /** Folder of `dist/lambda`: the package brings its functions bundled. */
  readonly bundle: 'webhook' | 'dispatch' | 'reconcile' | 'runner-cache' | 'end-all';
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  readonly environment: Record<string, string>;
}

/** A function of the package with a role that can only write to its own log, kept for 30 days. */
export class MayflyFunction extends Construct {
  public readonly handler: lambda.Function;
  public readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: MayflyFunctionProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this.role);
    this.handler = new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(path.join(__dirname, '..', '..', 'dist', 'lambda', props.bundle)),
      memorySize: props.memorySize,
      timeout: props.timeout,
      environment: props.environment,
      role: this.role,
      logGroup,
    });
    acknowledge(
      this,
      'Serverless-LambdaDLQ',
      'Who calls it repeats it: GitHub, the queue, the schedule, CloudFormation.',
    );
    acknowledge(
      this,
      'Serverless-LambdaTracing',
      'Traces cost start time and money; its log says what it did and how long.',
    );
  }

  /** `whyWildcard`: needed when a resource has one. */
  public allow(statement: iam.PolicyStatementProps, whyWildcard?: string): void {
    this.role.addToPolicy(new iam.PolicyStatement(statement));
    if (whyWildcard) acknowledgeWildcards(this.role, statement.resources ?? [], whyWildcard);
  }
}
