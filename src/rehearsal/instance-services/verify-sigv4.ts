/**
 * Checks an AWS Signature Version 4 the way AWS does, and is stricter where clients go wrong: host and every x-amz-*
 * header must be signed (curl before 8.0 leaves them out). moto checks no signature at all, so tests put this before it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignatureRules {
  readonly service: string;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly findCredentials: (accessKeyId: string) => Credentials | undefined;
}

/** `code`: AWS's own word for the refusal. */
export type Verdict =
  | { readonly kind: 'ok'; readonly accessKeyId: string }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

/** AWS's limit on the difference of the clocks. */
const CLOCK_SKEW_MS = 5 * 60_000;

export function verifySigV4(request: SignedRequest, rules: SignatureRules): Verdict {
  const parts = readAuthorization(request.headers.authorization);
  if (parts === undefined) return refused('MissingAuthenticationToken', 'no AWS4-HMAC-SHA256 authorization');
  const credentials = rules.findCredentials(parts.accessKeyId);
  if (credentials === undefined) return refused('UnrecognizedClientException', 'unknown access key');
  const flaw = findFlaw(request, rules, parts, credentials);
  if (flaw !== undefined) return flaw;

  const expected = signatureOf(request, rules.service, parts, credentials);
  const same = expected.length === parts.signature.length && timingSafeEqual(bytes(expected), bytes(parts.signature));
  return same
    ? { kind: 'ok', accessKeyId: parts.accessKeyId }
    : refused('SignatureDoesNotMatch', 'the signature calculated here is another');
}

interface Authorization {
  readonly accessKeyId: string;
  /** day/region/service/aws4_request */
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

function readAuthorization(header = ''): Authorization | undefined {
  const [, accessKeyId, scope, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(header) ??
    [];
  if (!accessKeyId || !scope || !names || !signature) return undefined;
  return { accessKeyId, scope, signedHeaders: names.split(';'), signature };
}

function findFlaw(
  { headers, body }: SignedRequest,
  { service, region, now }: SignatureRules,
  { scope, signedHeaders }: Authorization,
  { sessionToken }: Credentials,
): Verdict | undefined {
  const mustBeSigned = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = mustBeSigned.filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0) return refused('AccessDenied', `headers present which were not signed: ${unsigned}`);

  const date = headers['x-amz-date'] ?? '';
  const sentAt = Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(now - sentAt) <= CLOCK_SKEW_MS)) return refused('RequestTimeTooSkewed', `x-amz-date is "${date}"`);
  if (scope !== `${date.slice(0, 8)}/${region}/${service}/aws4_request`)
    return refused('SignatureDoesNotMatch', `the scope is "${scope}"`);

  if (headers['x-amz-security-token'] !== sessionToken) return refused('InvalidToken', 'not the session token');
  const hash = headers['x-amz-content-sha256'];
  if (hash === undefined && service === 's3') return refused('InvalidRequest', 'S3 wants x-amz-content-sha256');
  if (hash !== undefined && hash !== 'UNSIGNED-PAYLOAD' && hash !== sha256(body))
    return refused('XAmzContentSHA256Mismatch', 'the body has another hash');
  return undefined;
}

function signatureOf(request: SignedRequest, service: string, parts: Authorization, credentials: Credentials): string {
  const { headers } = request;
  const [path = '/', query = ''] = request.url.split(/\?(.*)/s);
  const canonical = [
    request.method,
    service === 's3' ? path : path.split('/').map(encode).join('/'),
    query.split('&').filter(Boolean).map(canonicalParameter).sort().join('&'),
    ...parts.signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    parts.signedHeaders.join(';'),
    headers['x-amz-content-sha256'] ?? sha256(request.body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], parts.scope, sha256(canonical)].join('\n');
  const key = parts.scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

const canonicalParameter = (parameter: string) => (parameter.includes('=') ? parameter : `${parameter}=`);
/** Every service but S3 encodes the path a second time. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const bytes = (text: string) => Buffer.from(text);
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
const refused = (code: string, detail: string): Verdict => ({ kind: 'refused', code, detail });
