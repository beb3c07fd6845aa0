import { CustomResource, Duration, type aws_s3 as s3 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BUCKET_PREFIX, END_ALL_ENV } from './contract';
import { allowEnding, allowLooking } from './launch-permissions';
import { MayflyFunction } from './mayfly-function';

export interface EndInstancesProps {
  readonly deploymentId: string;
  readonly bucket: s3.IBucket;
}

/**
 * Ends all instances when the stack is destroyed, before what they need goes, and empties the bucket. CloudFormation
 * deletes in the reverse order of creation: what must stop earlier depends on this, and this on what must go later.
 */
export class EndInstances extends Construct {
  private readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: EndInstancesProps) {
    super(scope, id);
    const endAll = new MayflyFunction(this, 'EndAll', {
      bundle: 'end-all',
      description: 'Mayfly: ends all instances when the stack is destroyed',
      memorySize: 256,
      timeout: Duration.minutes(14),
      environment: {
        [END_ALL_ENV.deploymentId]: props.deploymentId,
        [END_ALL_ENV.bucket]: props.bucket.bucketName,
      },
    });
    allowLooking(endAll);
    allowEnding(endAll, props.deploymentId);
    endAll.allow({ actions: ['s3:ListBucket'], resources: [props.bucket.bucketArn] });
    endAll.allow(
      {
        actions: ['s3:DeleteObject'],
        resources: Object.values(BUCKET_PREFIX).map((prefix) => props.bucket.arnForObjects(`${prefix}*`)),
      },
      'All that lies in the bucket that is about to be deleted.',
    );
    this.resource = new CustomResource(this, 'OnDestroy', {
      resourceType: 'Custom::MayflyEndInstances',
      serviceToken: endAll.handler.functionArn,
      serviceTimeout: Duration.minutes(15),
      properties: { DeploymentId: props.deploymentId },
    });
  }

  /** Goes only when no instance is left. */
  public keep(...parts: Construct[]): void {
    this.resource.node.addDependency(...parts);
  }

  /** Stops before instances are ended, so that it launches or writes nothing anew. */
  public stopBefore(...parts: Construct[]): void {
    for (const part of parts) part.node.addDependency(this.resource);
  }
}
