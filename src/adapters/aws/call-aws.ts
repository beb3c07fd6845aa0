/**
 * One signed request to an AWS service over a kept connection, without the SDK: see sign-request.ts for why.
 *
 * A function that was frozen may find its connection dead. Then, and when a new one breaks, the request is sent once
 * more on a new connection. So only what may be done twice goes through here.
 */
import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../core/ports.ts';
import { builtin } from '../builtin.ts';
import { type AwsCredentials, signRequest } from './sign-request.ts';

export interface AwsRequest {
  /** As signatures and host names call it: `sqs`, `secretsmanager`, `ssm`, `ec2`. */
  readonly service: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of one try, from the start of connecting to the last byte of the answer. */
  readonly timeoutMs: number;
}

export type AwsReply =
  | { readonly kind: 'reply'; readonly status: number; readonly text: string }
  /** Refused, broken, or no answer in time. It may have been done all the same. */
  | { readonly kind: 'no-reply'; readonly why: string };

export interface AwsCaller {
  call(request: AwsRequest): Promise<AwsReply>;
  /** Connects to the service, TLS included, for the first request to come. Never fails; at most 1 s. */
  connect(service: string): Promise<void>;
}

export interface AwsCallerOptions {
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly clock: Clock;
  /** Where a service is, in place of AWS: for tests. */
  readonly endpointOf?: (service: string) => string | undefined;
}

const CONNECT_MS = 1_000;
/** A page of 1,000 instances, about 7 kB each, is the largest. */
const MOST_CHARACTERS = 16_000_000;

export function createAwsCaller(options: AwsCallerOptions): AwsCaller {
  const waiting = new Map<string, Socket>();
  const agents = new Map<string, Agent>();

  /** Connections are the agent's, but for the first to a host, which may wait here already. */
  function agentFor(url: URL): Agent {
    const known = agents.get(url.protocol);
    if (known) return known;
    const agent = new (httpOf(url).Agent)({ keepAlive: true });
    const open = agent.createConnection.bind(agent);
    agent.createConnection = (to, done) => {
      const socket = waiting.get(`${to.host}`);
      waiting.delete(`${to.host}`);
      return socket?.writable ? socket : open(to, done);
    };
    agents.set(url.protocol, agent);
    return agent;
  }

  function send(request: AwsRequest): Promise<AwsReply | Broken> {
    const { service, headers, body, timeoutMs } = request;
    const { region, credentials, clock } = options;
    const url = urlOf(options, service);
    const signed = signRequest({ service, region, host: url.host, headers, body }, credentials, clock());
    const outgoing = httpOf(url).request(url, {
      method: 'POST',
      agent: agentFor(url),
      headers: { ...signed, 'content-length': Buffer.byteLength(body) },
    });
    return collect(outgoing, body, timeoutMs);
  }

  return {
    async call(request) {
      const first = await send(request);
      if (first.kind !== 'broken') return first;
      for (const agent of agents.values()) dropIdle(agent);
      const second = await send(request);
      return second.kind === 'broken' ? { kind: 'no-reply', why: second.why } : second;
    },
    connect(service) {
      const url = urlOf(options, service);
      return connectTo(url, (socket) => waiting.set(url.hostname, socket));
    },
  };
}

/** The connection failed before there was an answer, and not for want of time. */
interface Broken {
  readonly kind: 'broken';
  readonly why: string;
}

/** What was idle beside a dead connection is as old. Those in use are left alone. */
function dropIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

const httpOf = (url: URL) => builtin(url.protocol === 'https:' ? 'node:https' : 'node:http');

/** China's regions have a domain of their own. */
function urlOf({ endpointOf, region }: AwsCallerOptions, service: string): URL {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(endpointOf?.(service) ?? `https://${service}.${region}.${domain}`);
}

function collect(outgoing: ClientRequest, body: string, timeoutMs: number): Promise<AwsReply | Broken> {
  return new Promise((resolve) => {
    const noReply = (why: string) => resolve({ kind: 'no-reply', why });
    const timer = setTimeout(() => {
      noReply(`no answer in ${timeoutMs} ms`);
      outgoing.destroy();
    }, timeoutMs);
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ kind: 'broken', why: error.code ?? error.message });
    });
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MOST_CHARACTERS) incoming.destroy(new Error('the answer is too large'));
      });
      incoming.on('error', (error) => noReply(error.message));
      incoming.on('end', () => resolve({ kind: 'reply', status: incoming.statusCode ?? 0, text }));
    });
    outgoing.end(body);
  });
}

function connectTo(url: URL, keep: (socket: Socket) => void): Promise<void> {
  const isSecure = url.protocol === 'https:';
  const to = { host: url.hostname, port: Number(url.port) || (isSecure ? 443 : 80) };
  const socket = isSecure
    ? builtin('node:tls').connect({ ...to, servername: url.hostname })
    : builtin('node:net').connect(to);
  return new Promise((resolve) => {
    const giveUp = () => {
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(giveUp, CONNECT_MS);
    // Stays: a connection that breaks while it waits must not end the process.
    socket.on('error', giveUp);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      keep(socket);
      resolve();
    });
  });
}
