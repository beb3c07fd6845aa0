/** What API Gateway and the webhook function are on AWS: `POST /webhook`, one core call, its answer as JSON. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodedError } from '../core/codes.ts';
import { receiveWebhook, type WebhookAnswer, type WebhookDeps } from '../core/webhook/receive-webhook.ts';

export interface WebhookServer {
  readonly url: string;
  close(): Promise<void>;
}

/** API Gateway takes 10 MB, Lambda 6 MB: what is longer never reaches our own limit. */
const MOST_BODY_BYTES = 6_000_000;

/** `port` 0: any free one. @throws CodedError `port-in-use`. */
export async function serveWebhook(
  deps: WebhookDeps,
  port: number,
  onAnswer: (answer: WebhookAnswer) => void,
): Promise<WebhookServer> {
  const server = createServer((request, response) => {
    answer(request, response, deps, onAnswer).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new CodedError('port-in-use', `Port: ${port}.`) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  deps: WebhookDeps,
  onAnswer: (answer: WebhookAnswer) => void,
): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  if (request.method !== 'POST' || path !== '/webhook') {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
    return;
  }
  const body = await readBody(request).catch(() => undefined);
  if (body === undefined) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const given = await receiveWebhook(toRequest(request, body), deps);
  onAnswer(given);
  response.writeHead(given.status, { 'content-type': 'application/json' }).end(JSON.stringify(given.body));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** As API Gateway does: text for JSON, base64 for everything else. */
function toRequest(request: IncomingMessage, body: Buffer) {
  const isText = /^(text\/|application\/json)/.test(request.headers['content-type'] ?? '');
  return {
    headers: request.headers as Record<string, string | undefined>,
    body: body.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  };
}
