/**
 * CloudFormation's custom resources: it invokes the function and waits, up to an hour, for an answer at a signed URL.
 * So whatever happens, that answer must be sent.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
}

export const isCustomResource = (event: unknown): event is CustomResourceEvent =>
  typeof (event as { ResponseURL?: unknown } | null)?.ResponseURL === 'string';

const TRIES = 3;
const TIMEOUT_MS = 10_000;
/** CloudFormation takes 4,096 bytes in all. */
const MOST_REASON = 1_000;

/** `failure`: why it failed; absent: it did not. @throws when CloudFormation could not be told in three tries. */
export async function answerCustomResource(event: CustomResourceEvent, failure?: string): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event;
  const body = JSON.stringify({
    Status: failure === undefined ? 'SUCCESS' : 'FAILED',
    Reason: failure?.slice(0, MOST_REASON),
    // Always the same, so that an update never looks like a replacement, which would be deleted.
    PhysicalResourceId: event.PhysicalResourceId ?? LogicalResourceId,
    StackId,
    RequestId,
    LogicalResourceId,
  });
  for (let tried = 1; ; tried += 1) {
    try {
      return await put(new URL(event.ResponseURL), body);
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

function put(url: URL, body: string): Promise<void> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const options: RequestOptions = {
    method: 'PUT',
    // The URL is signed for an empty content type.
    headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  return new Promise((resolve, reject) => {
    const outgoing = send(url, options, (incoming) => {
      const { statusCode = 0 } = incoming;
      incoming.resume();
      if (statusCode < 300) resolve();
      else reject(new Error(`CloudFormation answered ${statusCode}`));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
