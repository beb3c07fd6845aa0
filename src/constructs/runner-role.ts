import { type aws_dynamodb as dynamodb, aws_iam as iam, type aws_s3 as s3 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge';
import { BUCKET_PREFIX } from './contract';

/** IAM fills it in: `<role id>:<instance id>`, which no instance can choose. */
const USER_ID = `$\{aws:userid}`;

/** The instances of a pool: their own mailbox row, runner packages, writing their own log. Nothing else. */
export function makeRunnerRole(scope: Construct, id: string, mailbox: dynamodb.ITable, bucket: s3.IBucket): iam.Role {
  const role = new iam.Role(scope, id, {
    description: 'Mayfly: an instance that runs one job. Whatever stands here, every job can do',
    assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['dynamodb:UpdateItem'],
      resources: [mailbox.tableArn],
      conditions: {
        'ForAllValues:StringEquals': {
          'dynamodb:LeadingKeys': [USER_ID],
          'dynamodb:Attributes': ['id', 'jit', 'takenAt', 'boot'],
        },
        // "ForAllValues" alone is also true where there is no value.
        Null: { 'dynamodb:LeadingKeys': 'false' },
        // ALL_OLD and ALL_NEW would show attributes outside of the list.
        StringEquals: { 'dynamodb:ReturnValues': ['NONE', 'UPDATED_OLD'] },
      },
    }),
  );
  const packages = bucket.arnForObjects(`${BUCKET_PREFIX.runner}*`);
  const ownLogs = bucket.arnForObjects(`${BUCKET_PREFIX.logs}${USER_ID}/*`);
  role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [packages] }));
  role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: [ownLogs] }));
  acknowledgeWildcards(role, [packages], 'Runner packages are public files.');
  acknowledgeWildcards(
    role,
    [ownLogs.replace(USER_ID, '<aws:userid>')],
    'Below a prefix that belongs to this instance.',
  );
  return role;
}

/** What the SSM agent calls for a Session Manager shell. AWS's managed policy also reads every parameter. */
export function allowOperatorAccess(role: iam.Role): void {
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: [
        'ssm:UpdateInstanceInformation',
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      resources: ['*'],
    }),
  );
  acknowledgeWildcards(role, ['*'], 'Four of the five know no resource; all concern the caller itself.');
}
