/** For tests: an HTTP server that answers by a script, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ScriptedReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown;
}

/** `reset`: the connection breaks without an answer. `silence`: no answer ever. `half`: the answer stops midway. */
export type ScriptedAnswer = ScriptedReply | 'reset' | 'silence' | 'half';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
  readonly text: string;
  /** Counts connections: equal numbers shared one. */
  readonly connection: number;
}

export interface ScriptedServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** How many connections were made so far. */
  connections(): number;
  /** Answers the next requests, in this order; 599 after the last. */
  script(...answers: readonly ScriptedAnswer[]): void;
  /** Answers every request, in place of a script. */
  answer(by: (request: SeenRequest) => ScriptedAnswer): void;
  /** Closes every connection, as a server does with idle ones. */
  dropConnections(): void;
  close(): Promise<void>;
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const sockets = new Map<Socket, number>();
  let answerTo: (request: SeenRequest) => ScriptedAnswer = () => 'reset';
  let connections = 0;

  const server = createServer(async (request, response) => {
    const seenRequest = await readRequest(request, sockets.get(request.socket) ?? 0);
    seen.push(seenRequest);
    send(response, answerTo(seenRequest));
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const dropConnections = () => {
    for (const socket of sockets.keys()) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    script: (...answers) => {
      const rest = [...answers];
      answerTo = () => rest.shift() ?? { status: 599, body: { message: 'the script is over' } };
    },
    answer: (by) => {
      answerTo = by;
    },
    dropConnections,
    close: async () => {
      dropConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readRequest(request: IncomingMessage, connection: number): Promise<SeenRequest> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  const { method = '', url = '', headers } = request;
  return { method, url, headers, text, body: parseJson(text), connection };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer === 'silence') return;
  if (answer === 'reset') {
    response.destroy();
    return;
  }
  if (answer === 'half') {
    response.writeHead(200, { 'content-length': '100' }).write('{"a":');
    return;
  }
  const { status, headers = {}, body } = answer;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
}
