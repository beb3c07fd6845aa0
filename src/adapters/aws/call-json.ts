/** A call by AWS's JSON protocol (SQS, Secrets Manager, SSM), which throws as an SDK does: see classify.ts. */
import type { AwsCaller } from './call-aws.ts';

export interface JsonCall {
  readonly service: string;
  /** `AmazonSQS.SendMessage` */
  readonly target: string;
  /** Of the protocol, as the service demands it. */
  readonly version: '1.0' | '1.1';
  readonly input: object;
  /** Of one try; there may be two. Default 2,500: webhooks must be answered in 10 s. */
  readonly timeoutMs?: number;
}

const USUAL_TIMEOUT_MS = 2_500;

/** What AWS refused, or did not answer (`TimeoutError`). Named as AWS names it. */
export class AwsError extends Error {
  readonly $metadata: { readonly httpStatusCode: number | undefined };

  constructor(name: string, message: string, httpStatusCode?: number) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode };
  }
}

/** The parsed answer. @throws AwsError */
export async function callJson<Output>(caller: AwsCaller, request: JsonCall): Promise<Output> {
  const { service, target, version, input, timeoutMs = USUAL_TIMEOUT_MS } = request;
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target };
  const reply = await caller.call({ service, headers, body: JSON.stringify(input), timeoutMs });
  if (reply.kind === 'no-reply') throw new AwsError('TimeoutError', `${target}: ${reply.why}`);
  const body = parse(reply.text);
  if (reply.status === 200 && body) return body as Output;
  throw new AwsError(errorName(body), `${target}: ${reply.status} ${messageOf(body)}`, reply.status);
}

interface ErrorBody {
  /** `com.amazonaws.sqs#QueueDoesNotExist` */
  readonly __type?: unknown;
  readonly message?: unknown;
  readonly Message?: unknown;
}

const errorName = (body: ErrorBody | undefined) => String(body?.__type ?? 'UnknownError').replace(/^.*#/, '');
const messageOf = (body: ErrorBody | undefined) => String(body?.message ?? body?.Message ?? '');

function parse(text: string): ErrorBody | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
