/**
 * Signature Version 4, for POST requests to the root of a service: all that its JSON and Query protocols need.
 * By hand, because loading an AWS SDK takes longer than all else that the webhook does.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { builtin } from '../builtin.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials, which a function's always are. */
  readonly sessionToken?: string;
}

export interface UnsignedRequest {
  /** As the service is called in signatures: `sqs`, `ec2`. */
  readonly service: string;
  readonly region: string;
  /** With its port, unless that is the usual one. */
  readonly host: string;
  /** Names in lower case. All are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** All headers of the signed request. It is good for five minutes around `now` (ms). */
export function signRequest(
  request: UnsignedRequest,
  credentials: AwsCredentials,
  now: number,
): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-date': time };
  if (sessionToken) headers['x-amz-security-token'] = sessionToken;

  const names = Object.keys(headers).sort();
  const signedNames = names.join(';');
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = `POST\n/\n\n${lines}\n${signedNames}\n${sha256(request.body)}`;
  const scope = `${day}/${request.region}/${request.service}/aws4_request`;
  const key = [day, request.region, request.service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
  return { ...headers, authorization };
}

const crypto = builtin('node:crypto');
const sha256 = (text: string) => crypto.createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => crypto.createHmac('sha256', key).update(text);
