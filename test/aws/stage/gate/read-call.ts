/** Which API call a request is, in any of the four ways in which AWS's services are spoken to. */
import type { SignedRequest } from '../../../../src/rehearsal/instance-services/verify-sigv4.ts';

export interface AwsCall {
  /** As IAM calls it: `dynamodb`, `ec2`, `s3` ... */
  readonly service: string;
  /** Of the API, without the service: `UpdateItem`. */
  readonly name: string;
  readonly parameters: Parameters;
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters of any call
export type Parameters = Readonly<Record<string, any>>;

/** The service that the signature is for. */
export const serviceOf = ({ headers }: SignedRequest) =>
  /Credential=[^/,]+\/[^/,]+\/[^/,]+\/([^/,]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';

export function readCall(request: SignedRequest): AwsCall {
  const service = serviceOf(request);
  const target = request.headers['x-amz-target'];
  if (target !== undefined) {
    const name = target.split('.').at(-1) as string;
    return { service, name, parameters: JSON.parse(textOf(request) || '{}') };
  }
  if (service === 's3') return readS3(request);
  if (service === 'lambda') return { service, name: `${request.method} ${request.url}`, parameters: {} };
  const parameters = readForm(textOf(request));
  return { service, name: String(parameters.Action ?? ''), parameters };
}

const textOf = ({ body }: SignedRequest) => Buffer.from(body).toString();

const S3_OBJECT: Readonly<Record<string, string>> = {
  GET: 'GetObject',
  HEAD: 'HeadObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
  POST: 'PostObject',
};

/** Path style: `/<bucket>/<key>`. */
function readS3({ method, url }: SignedRequest): AwsCall {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, bucket = '', ...rest] = pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const parameters = { Bucket: bucket, Key: key, prefix: searchParams.get('prefix') ?? '' };
  if (key === '') return { service: 's3', name: method === 'GET' ? 'ListObjects' : `${method} bucket`, parameters };
  if (searchParams.has('tagging')) return { service: 's3', name: `${method} tagging`, parameters };
  return { service: 's3', name: S3_OBJECT[method] ?? method, parameters };
}

/** `A.1.B=x` becomes `{ A: [{ B: 'x' }] }`. */
function readForm(text: string): Parameters {
  const root: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) put(root, name.split('.'), value);
  return listed(root) as Parameters;
}

function put(into: Record<string, unknown>, [first = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  into[first] ??= {};
  put(into[first] as Record<string, unknown>, rest, value);
}

function listed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const isList = entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name));
  if (isList) return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => listed(item));
  return Object.fromEntries(entries.map(([name, item]) => [name, listed(item)]));
}
