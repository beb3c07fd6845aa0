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

/** A folder of the metadata, or a text. */
interface Folder {
  readonly [name: string]: Folder | string | undefined;
}

/** `path`: with the version of the metadata, which makes no difference: `/latest/meta-data/instance-id`. */
export function answerMetadata(path: string, request: Request, instance: KnownInstance, facts: MetadataFacts): Answer {
  if (path === '/latest/api/token') return giveToken(request, instance, facts.now);
  const expires = instance.tokens.get(request.headers['x-aws-ec2-metadata-token'] ?? '');
  if (expires === undefined || expires < facts.now) return text(401, '');
  const [, inside] = /^\/(?:latest|\d{4}-\d\d-\d\d)\/(.*)$/.exec(path) ?? [];
  const found = inside === undefined ? undefined : find(treeOf(instance, facts), inside);
  if (found === undefined) return text(404, '');
  return text(200, typeof found === 'string' ? found : list(found));
}

function giveToken({ method, headers }: Request, { tokens }: KnownInstance, now: number): Answer {
  if (method !== 'PUT') return text(405, '');
  const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
  if (!(seconds >= 1 && seconds <= LONGEST_TOKEN_SECONDS)) return text(400, '');
  const token = randomBytes(40).toString('base64');
  tokens.set(token, now + seconds * 1_000);
  return text(200, token);
}

function find(tree: Folder, path: string): Folder | string | undefined {
  let at: Folder | string | undefined = tree;
  for (const name of path.split('/').filter(Boolean)) {
    if (typeof at !== 'object' || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

const list = (folder: Folder) =>
  Object.entries(folder)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => (typeof value === 'object' ? `${name}/` : name))
    .join('\n');

function treeOf(instance: KnownInstance, facts: MetadataFacts): Folder {
  const { id, userData, spotAction } = instance;
  const { region, domain } = facts;
  const zone = `${region}a`;
  const hostname = `ip-10-0-0-10.${region}.compute.internal`;
  return {
    'meta-data': {
      'ami-id': 'ami-00000000000000001',
      'instance-id': id,
      'instance-type': 'm7i.large',
      hostname,
      'local-hostname': hostname,
      'local-ipv4': '10.0.0.10',
      iam: { 'security-credentials': { [ROLE_NAME]: roleOf(instance, facts) } },
      placement: { region, 'availability-zone': zone },
      services: { domain, partition: 'aws' },
      spot: spotAction === undefined ? undefined : { 'instance-action': JSON.stringify(spotAction) },
    },
    dynamic: {
      'instance-identity': { document: JSON.stringify({ instanceId: id, region, availabilityZone: zone }) },
    },
    'user-data': userData,
  };
}

const roleOf = ({ credentials }: KnownInstance, { now }: MetadataFacts) =>
  JSON.stringify(
    {
      Code: 'Success',
      LastUpdated: new Date(now).toISOString(),
      Type: 'AWS-HMAC',
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      Token: credentials.sessionToken,
      Expiration: new Date(now + CREDENTIALS_MS).toISOString(),
    },
    null,
    2,
  );

const text = (status: number, body: string): Answer => ({ status, type: 'text/plain', body });
