import { Aws, aws_iam as iam, type aws_s3 as s3 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge';
import { BUCKET_PREFIX } from './contract';

/**
 * The instance that an image is made of, and the one that tests it: Image Builder's program on it, commands by Systems
 * Manager, runner packages, a log. A part of AWS's EC2InstanceProfileForImageBuilder and AmazonSSMManagedInstanceCore.
 */
export function makeBuildRole(scope: Construct, name: string, bucket: s3.IBucket): iam.Role {
  const role = new iam.Role(scope, 'BuildRole', {
    description: 'Mayfly: the instance of which Image Builder makes the image of runners',
    assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
  });
  const packages = bucket.arnForObjects(`${BUCKET_PREFIX.runner}*`);
  const ownTools = `arn:${Aws.PARTITION}:s3:::ec2imagebuilder*`;
  const component = `arn:${Aws.PARTITION}:imagebuilder:${Aws.REGION}:${Aws.ACCOUNT_ID}:component/${name}/*`;
  const logs = `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:/aws/imagebuilder/${name}*`;
  const allow = (actions: string[], resource: string, reason: string) => {
    role.addToPolicy(new iam.PolicyStatement({ actions, resources: [resource] }));
    acknowledgeWildcards(role, [resource], reason);
  };
  allow(['s3:GetObject'], packages, 'Runner packages are public files.');
  allow(['s3:GetObject'], ownTools, "Image Builder's own program, in buckets of AWS named after the region.");
  // To find them. No condition on the prefix: nothing says how Image Builder's program lists, and names are no secret.
  allow(['s3:ListBucket'], bucket.bucketArn, 'No wildcard.');
  allow(['imagebuilder:GetComponent'], component, 'All its versions.');
  allow(['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], logs, 'Its log streams.');
  allow(SYSTEMS_MANAGER, '*', 'Most of them know no resource; all concern the caller itself.');
  return role;
}

/** Systems Manager has commands for the instance in one of two services, by the age of its agent. */
const SYSTEMS_MANAGER = [
  'ssm:UpdateInstanceInformation',
  ...['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map(
    (a) => `ssmmessages:${a}`,
  ),
  ...['AcknowledgeMessage', 'DeleteMessage', 'FailMessage', 'GetEndpoint', 'GetMessages', 'SendReply'].map(
    (a) => `ec2messages:${a}`,
  ),
];

/** Deletes images but the last ones: a part of AWS's EC2ImageBuilderLifecycleExecutionPolicy. */
export function makeLifecycleRole(scope: Construct, name: string): iam.Role {
  const role = new iam.Role(scope, 'LifecycleRole', {
    description: 'Mayfly: Image Builder deletes old images of runners',
    assumedBy: new iam.ServicePrincipal('imagebuilder.amazonaws.com'),
  });
  const made = { StringEquals: { 'aws:ResourceTag/CreatedBy': 'EC2 Image Builder' } };
  const images = `arn:${Aws.PARTITION}:ec2:*::image/*`;
  const snapshots = `arn:${Aws.PARTITION}:ec2:*::snapshot/*`;
  const allow = (actions: string[], resource: string, reason: string, conditions?: Record<string, object>) => {
    role.addToPolicy(new iam.PolicyStatement({ actions, resources: [resource], conditions }));
    acknowledgeWildcards(role, [resource], reason);
  };
  allow(['ec2:DeregisterImage', 'ec2:DescribeImageAttribute'], images, 'Only what Image Builder made.', made);
  allow(['ec2:DeleteSnapshot'], snapshots, 'Only what Image Builder made.', made);
  const image = `arn:${Aws.PARTITION}:imagebuilder:${Aws.REGION}:${Aws.ACCOUNT_ID}:image/${name}/*`;
  allow(['imagebuilder:DeleteImage'], image, 'Their versions.');
  allow(['ec2:DescribeImages', 'tag:GetResources'], '*', 'They know no resource.');
  return role;
}
