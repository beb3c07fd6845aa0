/**
 * Instance metadata, version 2 only: a PUT gives a token, without which nothing is read.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
 */
import { randomBytes } from 'node:crypto';
import type { Answer, KnownInstance, Request } from './types.ts';

const ROLE_NAME = 'mayfly-instance';
const LONGEST_TOKEN_SECONDS = 21_600;
const CREDENTIALS_MS = 6 * 3_600_000;

export interface MetadataFacts {
  readonly region: string;
  /** `services/domain`: amazonaws.com, or another partition's. */
  readonly domain: string;
  readonly now: number;
}

/** `path`: from `/latest` on. */
export function answerMetadata(path: string, request: Request, instance: KnownInstance, facts: MetadataFacts): Answer {
  if (path === '/latest/api/token') return giveToken(request, instance, facts.now);
  const expires = instance.tokens.get(request.headers['x-aws-ec2-metadata-token'] ?? '');
  if (expires === undefined || expires < facts.now) return text(401, '');
  const value = valuesOf(instance, facts)[path.replace(/^\/latest\/meta-data\//, '')];
  return value === undefined ? text(404, '') : text(200, value);
}

function giveToken({ method, headers }: Request, { tokens }: KnownInstance, now: number): Answer {
  if (method !== 'PUT') return text(405, '');
  const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
  if (!(seconds >= 1 && seconds <= LONGEST_TOKEN_SECONDS)) return text(400, '');
  const token = randomBytes(40).toString('base64');
  tokens.set(token, now + seconds * 1_000);
  return text(200, token);
}

function valuesOf({ id, credentials }: KnownInstance, { region, domain, now }: MetadataFacts): Record<string, string> {
  const role = {
    Code: 'Success',
    LastUpdated: new Date(now).toISOString(),
    Type: 'AWS-HMAC',
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken,
    Expiration: new Date(now + CREDENTIALS_MS).toISOString(),
  };
  return {
    'instance-id': id,
    'placement/region': region,
    'services/domain': domain,
    'iam/security-credentials': ROLE_NAME,
    'iam/security-credentials/': ROLE_NAME,
    [`iam/security-credentials/${ROLE_NAME}`]: JSON.stringify(role, null, 2),
  };
}

const text = (status: number, body: string): Answer => ({ status, type: 'text/plain', body });
