/** The HTTP API before the webhook function: routes, payload format 2.0, text or base64, and what API Gateway answers. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LambdaHost } from './lambda-host.ts';

/** API Gateway takes 10 MB; Lambda 6 MB, base64 included. */
const MOST_BODY_BYTES = 10_000_000;
const MOST_EVENT_BYTES = 6_291_456;

export interface HttpApi {
  readonly url: string;
  close(): Promise<void>;
}

/** `routes`: `POST /webhook` -> its function. */
export async function openHttpApi(routes: ReadonlyMap<string, LambdaHost>): Promise<HttpApi> {
  const server = createServer((request, response) => {
    serve(routes, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  routes: ReadonlyMap<string, LambdaHost>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://api');
  const routeKey = `${request.method} ${url.pathname}`;
  const host = routes.get(routeKey);
  if (host === undefined) return say(response, 404, 'Not Found');
  const body = await readBody(request);
  if (body === undefined) return say(response, 413, 'Request Entity Too Large');
  const event = eventOf(request, url, routeKey, body);
  if (Buffer.byteLength(JSON.stringify(event)) > MOST_EVENT_BYTES) return say(response, 500, 'Internal Server Error');
  const invoked = await host.invoke(event);
  if (invoked.kind !== 'ok') return say(response, invoked.kind === 'throttled' ? 503 : 500, 'Internal Server Error');
  return reply(response, invoked.result);
}

const say = (response: ServerResponse, status: number, message: string) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
};

interface FunctionReply {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** A result without a status is the body of a 200. */
function reply(response: ServerResponse, result: unknown): void {
  const { statusCode, headers, body = '', isBase64Encoded } = (result ?? {}) as FunctionReply;
  if (statusCode === undefined) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    return;
  }
  response.writeHead(statusCode, { ...headers }).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const IS_TEXT = /^(text\/|application\/(json|xml|javascript))/;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
function eventOf(request: IncomingMessage, url: URL, routeKey: string, body: Buffer) {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  const isText = IS_TEXT.test(request.headers['content-type'] ?? '');
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(headers),
    requestContext: {
      http: { method: request.method, path: url.pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}
