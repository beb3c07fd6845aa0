import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answerCustomResource, isCustomResource } from './custom-resource.ts';

let statuses: number[];
let seen: { type: string | undefined; body: Record<string, unknown> }[];
let ResponseURL: string;
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  seen.push({ type: request.headers['content-type'], body: JSON.parse(body) });
  response.writeHead(statuses.shift() ?? 200).end();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ResponseURL = `http://127.0.0.1:${(server.address() as { port: number }).port}/signed?x=1`;
});
beforeEach(() => {
  statuses = [];
  seen = [];
});
afterAll(() => void server.close());

const event = (more: object = {}) => ({
  ...{ RequestType: 'Create', StackId: 's', RequestId: 'r', LogicalResourceId: 'l', ResponseURL },
  ...(more as { PhysicalResourceId?: string }),
});

test('success, with an id that never changes', async () => {
  await answerCustomResource(event() as never);
  await answerCustomResource(event({ PhysicalResourceId: 'before' }) as never);
  const same = { Status: 'SUCCESS', StackId: 's', RequestId: 'r', LogicalResourceId: 'l' };
  expect(seen).toEqual([
    { type: '', body: { ...same, PhysicalResourceId: 'l' } },
    { type: '', body: { ...same, PhysicalResourceId: 'before' } },
  ]);
});

test('a failure says why, in bounded words', async () => {
  await answerCustomResource(event() as never, 'x'.repeat(5_000));
  expect(seen[0]?.body).toMatchObject({ Status: 'FAILED', Reason: 'x'.repeat(1_000) });
});

test('is told three times at most', async () => {
  statuses = [500, 500];
  await answerCustomResource(event() as never);
  expect(seen).toHaveLength(3);
  statuses = [500, 500, 500];
  await expect(answerCustomResource(event() as never)).rejects.toThrow('500');
});

test('a schedule is no custom resource', () => {
  expect([event(), { source: 'aws.events' }, null, undefined].map(isCustomResource)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
