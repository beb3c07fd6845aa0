/** What IAM must allow for a call: one or more pairs of action and resource, each with what the request says about it. */
import { type GateFacts, type Need, parameterArn } from './need.ts';
import { dynamodbNeeds } from './needs-dynamodb.ts';
import { ec2Needs } from './needs-ec2.ts';
import type { AwsCall } from './read-call.ts';

export async function needsOf(call: AwsCall, facts: GateFacts): Promise<Need[]> {
  switch (call.service) {
    case 'dynamodb':
      return dynamodbNeeds(call, facts);
    case 'ec2':
      return ec2Needs(call, facts);
    case 's3':
      return s3Needs(call);
    case 'sqs':
      return [{ action: sqsAction(call), resource: queueArn(call, facts), context: {} }];
    case 'secretsmanager':
      return [{ action: `secretsmanager:${call.name}`, resource: secretArn(call, facts), context: {} }];
    case 'ssm':
      return ssmNeeds(call, facts);
    default:
      return [{ action: `${call.service}:${call.name}`, resource: '*', context: {} }];
  }
}

const S3_ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  ListObjects: 'ListBucket',
  'HEAD bucket': 'ListBucket',
  PostObject: 'PutObject',
  'PUT tagging': 'PutObjectTagging',
  'GET tagging': 'GetObjectTagging',
};

function s3Needs({ name, parameters: { Bucket, Key, prefix } }: AwsCall): Need[] {
  const resource = `arn:aws:s3:::${Bucket}${Key === '' ? '' : `/${Key}`}`;
  return [{ action: `s3:${S3_ACTIONS[name] ?? name}`, resource, context: prefix ? { 's3:prefix': prefix } : {} }];
}

/** Who may not list a key is not told that there is none: S3 then answers 403, not 404. */
export function toLearnOfAbsence({ service, name, parameters: { Bucket, Key } }: AwsCall): Need | undefined {
  if (service !== 's3' || (name !== 'GetObject' && name !== 'HeadObject')) return undefined;
  return { action: 's3:ListBucket', resource: `arn:aws:s3:::${Bucket}`, context: { 's3:prefix': Key } };
}

const sqsAction = ({ name }: AwsCall) => `sqs:${name.replace(/Batch$/, '')}`;

function queueArn({ parameters }: AwsCall, { region, account }: GateFacts): string {
  const name = String(parameters.QueueUrl ?? parameters.QueueName ?? '')
    .split('/')
    .at(-1);
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

function secretArn({ parameters: { SecretId = '*' } }: AwsCall, { region, account }: GateFacts): string {
  return SecretId.startsWith('arn:')
    ? SecretId
    : `arn:aws:secretsmanager:${region}:${account}:secret:${SecretId}-??????`;
}

function ssmNeeds({ name, parameters }: AwsCall, facts: GateFacts): Need[] {
  const names: string[] = parameters.Names ?? [parameters.Name ?? parameters.Path ?? '*'];
  return names.map((one) => ({ action: `ssm:${name}`, resource: parameterArn(one, facts), context: {} }));
}
