/** AWS clients whose every call is bounded: attempts, connecting, answering, silence within an answer. */
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';

/** Left out: from the environment, as in a Lambda function. */
export type AwsAccess = Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials'>;

export interface AwsBounds {
  /** Tries of a call, the first included. */
  readonly attempts: number;
  readonly connectMs: number;
  /** Of one try, after connecting. DynamoDB answers in tens of milliseconds. */
  readonly answerMs: number;
}

/** At worst about 12 s for a call: it fits a function's 30 s. */
const usualBounds: AwsBounds = { attempts: 3, connectMs: 1_000, answerMs: 3_000 };

export const createDynamoDb = (access: AwsAccess = {}, bounds = usualBounds) =>
  new DynamoDBClient({ ...access, ...boundedBy(bounds) });

/** A package of 200 MB is on its way for seconds; the whole of it counts as one try. */
const bulkBounds: AwsBounds = { attempts: 2, connectMs: 2_000, answerMs: 60_000 };

export const createS3 = (access: AwsAccess = {}, bounds = bulkBounds) =>
  new S3Client({ ...access, ...boundedBy(bounds) });

const boundedBy = ({ attempts, connectMs, answerMs }: AwsBounds) => ({
  maxAttempts: attempts,
  requestHandler: {
    connectionTimeout: connectMs,
    requestTimeout: answerMs,
    // Without it the client only logs that the time is over, and waits on.
    throwOnRequestTimeout: true,
    socketTimeout: answerMs,
  },
});
