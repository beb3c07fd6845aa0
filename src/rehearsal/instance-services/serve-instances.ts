/**
 * What an instance asks of AWS, on one port of this machine:
 *
 *   /i/<instance id>-<secret>/latest/...   its metadata. EC2 has a network for each instance; here a job that does not
 *                                 know the path of another can not ask for what is another's
 *   POST /                        DynamoDB: its mailbox row
 *   /<bucket>/<key>               S3: the runner packages, and its own logs
 *
 * DynamoDB and S3 know the caller by its signature.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../core/ports.ts';
import { answerBucket, s3Error } from './answer-bucket.ts';
import { answerMailbox, dynamoError } from './answer-mailbox.ts';
import { answerMetadata } from './answer-metadata.ts';
import type { Answer, InstanceEvent, InstanceMailbox, KnownInstance, Note, Request } from './types.ts';
import { verifySigV4 } from './verify-sigv4.ts';

export interface InstanceServicesOptions {
  readonly mailbox: InstanceMailbox;
  readonly mailboxTable: string;
  readonly bucket: string;
  /** The bytes of an object of the bucket; none: there is no such object. */
  readonly open: (key: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined;
  readonly clock: Clock;
  readonly onEvent?: (event: InstanceEvent) => void;
  /** Default: any free port of 127.0.0.1. */
  readonly port?: number;
  /** Default eu-west-1. */
  readonly region?: string;
}

/** Addresses for one instance, as the boot script takes them. */
export interface InstanceEndpoints {
  readonly metadata: string;
  readonly dynamodb: string;
  readonly s3: string;
}

export interface InstanceServices {
  readonly port: number;
  readonly url: string;
  /** Makes an instance known, with credentials of its own. */
  addInstance(instanceId: string, roleId: string): InstanceEndpoints;
  /** What its metadata give as user data. */
  setUserData(instanceId: string, userData: string): void;
  /** Announces to a spot instance that EC2 takes it back. `at`: milliseconds since 1970. */
  announceReclaim(instanceId: string, at: number): void;
  /** Answers `/latest/...` with the metadata of one instance, for who has an address for each. */
  metadataOf(instanceId: string): RequestListener;
  /** Forgets it: its credentials and tokens are worth nothing from then. */
  removeInstance(instanceId: string): void;
  close(): Promise<void>;
}

const MOST_BODY_BYTES = 1_000_000;
const DOMAIN = 'amazonaws.com';

/** @throws the error of `listen`, e.g. EADDRINUSE. */
export async function serveInstances(options: InstanceServicesOptions): Promise<InstanceServices> {
  const instances = new Map<string, KnownInstance>();
  const secret = randomBytes(24);
  const listener: RequestListener = (request, response) => {
    void respond(request, response, (read) => answer(read, instances, options));
  };
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    url,
    addInstance(id, roleId) {
      const path = `${id}-${createHmac('sha256', secret).update(id).digest('hex').slice(0, 24)}`;
      instances.set(id, { id, path, userId: `${roleId}:${id}`, credentials: newCredentials(), tokens: new Map() });
      return { metadata: `${url}/i/${path}`, dynamodb: url, s3: `${url}/${options.bucket}` };
    },
    setUserData(id, userData) {
      const instance = instances.get(id);
      if (instance) instance.userData = userData;
    },
    announceReclaim(id, at) {
      const instance = instances.get(id);
      if (instance) instance.spotAction = { action: 'terminate', time: new Date(at).toISOString() };
    },
    metadataOf: (id) => (request, response) => {
      request.url = `/i/${instances.get(id)?.path ?? id}${request.url}`;
      listener(request, response);
    },
    removeInstance: (id) => void instances.delete(id),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: Request,
  instances: ReadonlyMap<string, KnownInstance>,
  options: InstanceServicesOptions,
): Promise<Answer> {
  const now = options.clock();
  const region = options.region ?? 'eu-west-1';
  const note = ({ id }: KnownInstance, what: Note) =>
    options.onEvent?.({ instanceId: id, at: now, ...what } as InstanceEvent);

  const [, metadataOf, path] = /^\/i\/([^/]+)(\/.+)$/.exec(request.url) ?? [];
  if (metadataOf !== undefined && path !== undefined) {
    const instance = [...instances.values()].find((one) => one.path === metadataOf);
    if (instance === undefined) return { status: 404, type: 'text/plain', body: '' };
    note(instance, { kind: 'metadata-read', path });
    return answerMetadata(path, request, instance, { region, domain: DOMAIN, now });
  }

  const service = request.url === '/' ? 'dynamodb' : 's3';
  const ownerOf = (accessKeyId: string) =>
    [...instances.values()].find(({ credentials }) => credentials.accessKeyId === accessKeyId);
  const findCredentials = (accessKeyId: string) => ownerOf(accessKeyId)?.credentials;
  const verdict = verifySigV4(request, { service, region, now, findCredentials });
  if (verdict.kind === 'refused')
    return service === 's3' ? s3Error(403, verdict.code) : dynamoError(verdict.code, verdict.detail);

  const caller = ownerOf(verdict.accessKeyId) as KnownInstance;
  const reply =
    service === 's3'
      ? await answerBucket(request, caller, options.bucket, options.open)
      : await answerMailbox(request, caller, options.mailboxTable, options.mailbox);
  if (reply.note !== undefined) note(caller, reply.note);
  return reply.answer;
}

/** An answer that throws is a 500: the caller can not know what became of its request, as with AWS. */
async function respond(
  incoming: IncomingMessage,
  response: ServerResponse,
  toAnswer: (request: Request) => Promise<Answer>,
): Promise<void> {
  try {
    const body = await readBody(incoming);
    const {
      status,
      type,
      body: content,
    } = await toAnswer({
      method: incoming.method ?? 'GET',
      url: incoming.url ?? '/',
      headers: incoming.headers as Record<string, string>,
      body,
    });
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(content) });
    response.end(content);
  } catch {
    response.writeHead(500).end();
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const newCredentials = () => ({
  accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64'),
  sessionToken: randomBytes(300).toString('base64'),
});
