import { createHash, createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LocalMailbox } from '../../adapters/local/mailbox.ts';
import { type InstanceEndpoints, type InstanceServices, serveInstances } from './serve-instances.ts';
import type { InstanceEvent } from './types.ts';

let now: number;
let services: InstanceServices;
let mailbox: LocalMailbox;
let events: InstanceEvent[];
let mine: InstanceEndpoints;

beforeEach(async () => {
  now = Date.parse('2026-11-24T10:00:00Z');
  mailbox = new LocalMailbox();
  events = [];
  services = await serveInstances({
    ...{ mailbox, mailboxTable: 'mailbox', bucket: 'bucket', clock: () => now },
    open: (key) => (key === 'runner/a.tar.gz' ? Buffer.from('package') : undefined),
    onEvent: (event) => events.push(event),
  });
  mine = services.addInstance('i-1', 'AROA');
  services.addInstance('i-2', 'AROA');
});
afterEach(() => services.close());

async function token(endpoints = mine): Promise<string> {
  const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
  return (await fetch(`${endpoints.metadata}/latest/api/token`, { method: 'PUT', headers })).text();
}

const read = async (path: string, value: string, endpoints = mine) =>
  fetch(`${endpoints.metadata}/latest/meta-data/${path}`, { headers: { 'X-aws-ec2-metadata-token': value } });

describe('metadata', () => {
  test('are given for a token', async () => {
    const value = await token();
    const text = async (path: string) => (await read(path, value)).text();
    expect(await text('instance-id')).toBe('i-1');
    expect(await text('placement/region')).toBe('eu-west-1');
    expect(await text('services/domain')).toBe('amazonaws.com');
    expect(JSON.parse(await text(`iam/security-credentials/${await text('iam/security-credentials/')}`))).toMatchObject(
      {
        Code: 'Success',
        AccessKeyId: expect.stringMatching(/^ASIA/),
        Expiration: '2026-11-24T16:00:00.000Z',
      },
    );
    expect((await read('tags/instance', value)).status).toBe(404);
    expect(events[0]).toEqual({ kind: 'metadata-read', instanceId: 'i-1', at: now, path: '/latest/api/token' });
  });

  test('are refused without a token, with a foreign one, with one that has expired', async () => {
    expect((await fetch(`${mine.metadata}/latest/meta-data/instance-id`)).status).toBe(401);
    const value = await token();
    expect((await read('instance-id', value, services.addInstance('i-3', 'AROA'))).status).toBe(401);
    now += 60_001;
    expect((await read('instance-id', value)).status).toBe(401);
  });

  test('a token wants a PUT and a lifetime', async () => {
    expect((await fetch(`${mine.metadata}/latest/api/token`)).status).toBe(405);
    expect((await fetch(`${mine.metadata}/latest/api/token`, { method: 'PUT' })).status).toBe(400);
  });

  test('an instance that was removed has none', async () => {
    services.removeInstance('i-1');
    expect((await fetch(`${mine.metadata}/latest/api/token`, { method: 'PUT' })).status).toBe(404);
  });
});

interface Keys {
  AccessKeyId: string;
  SecretAccessKey: string;
  Token: string;
}

async function keys(): Promise<Keys> {
  return (await (await read('iam/security-credentials/mayfly-instance', await token())).json()) as Keys;
}

/** A second signer, so that the verifier is not only held against itself. */
function signed(service: string, method: string, path: string, body: string, target: string, given: Keys) {
  const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const date = `${new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const headers: Record<string, string> = {
    host: new URL(services.url).host,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': date,
    'x-amz-security-token': given.Token,
    ...(target === '' ? {} : { 'x-amz-target': target }),
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const canonical = [method, path, '', ...lines, '', names, sha256(body)].join('\n');
  const scope = `${date.slice(0, 8)}/eu-west-1/${service}/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${given.SecretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${given.AccessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const { host, ...sent } = headers;
  return { method, headers: { ...sent, authorization }, ...(method === 'POST' ? { body } : {}) };
}

async function dynamo(update: object, target = 'DynamoDB_20120810.UpdateItem', given?: Keys) {
  const body = JSON.stringify(update);
  const response = await fetch(services.url, signed('dynamodb', 'POST', '/', body, target, given ?? (await keys())));
  const reply = (await response.json()) as { __type?: string };
  return { status: response.status, error: reply.__type?.replace(/.*#/, ''), reply };
}

const take = {
  TableName: 'mailbox',
  Key: { id: { S: 'AROA:i-1' } },
  UpdateExpression: 'SET jit = :used, takenAt = :t',
  ConditionExpression: 'attribute_exists(jit) AND jit <> :used',
  ExpressionAttributeValues: { ':used': { S: 'used' }, ':t': { S: '123' } },
  ReturnValues: 'UPDATED_OLD',
};
const check = {
  ...take,
  UpdateExpression: 'SET takenAt = :t',
  ConditionExpression: 'jit = :used',
  ReturnValues: 'NONE',
};
const { ConditionExpression: _, ...unconditional } = take;
const report = {
  ...unconditional,
  UpdateExpression: 'SET boot = :b',
  ExpressionAttributeValues: { ':b': { S: '{"code":"done"}' } },
};

describe('the mailbox row', () => {
  test('gives its letter once', async () => {
    expect(await dynamo(take)).toMatchObject({ status: 400, error: 'ConditionalCheckFailedException' });
    expect(await dynamo(check)).toMatchObject({ status: 400, error: 'ConditionalCheckFailedException' });
    await mailbox.give('AROA:i-1', 'the letter', 4_000_000_000, { id: 1, name: 'a' });
    expect((await dynamo(take)).reply).toEqual({ Attributes: { jit: { S: 'the letter' } } });
    expect(await dynamo(take)).toMatchObject({ status: 400, error: 'ConditionalCheckFailedException' });
    expect(await dynamo(check)).toMatchObject({ status: 200 });
    expect(await mailbox.read(['AROA:i-1'])).toMatchObject([{ id: 'AROA:i-1', taken: true, takenAt: '123' }]);
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'metadata-read');
    expect(kinds).toEqual(['mailbox-empty', 'letter-taken', 'mailbox-empty']);
  });

  test('takes a report, of a bounded length', async () => {
    expect(await dynamo(report)).toMatchObject({ status: 200 });
    expect(events.at(-1)).toMatchObject({ kind: 'boot-reported', boot: '{"code":"done"}' });
    const long = { ...report, ExpressionAttributeValues: { ':b': { S: 'x'.repeat(4_097) } } };
    expect(await dynamo(long)).toMatchObject({ status: 400, error: 'ValidationException' });
  });

  test.each([
    ['the row of another instance', { ...take, Key: { id: { S: 'AROA:i-2' } } }],
    ['another table', { ...take, TableName: 'other' }],
    ['another key attribute', { ...take, Key: { id: { S: 'AROA:i-1' }, sk: { S: 'x' } } }],
    ['the whole old row', { ...take, ReturnValues: 'ALL_OLD' }],
    ['the whole new row', { ...take, ReturnValues: 'ALL_NEW' }],
    ['another attribute', { ...report, UpdateExpression: 'SET expiresAt = :b' }],
    [
      'another attribute by an alias',
      {
        ...report,
        UpdateExpression: 'SET #x = :b',
        ExpressionAttributeNames: { '#x': 'expiresAt' },
      },
    ],
    ['another attribute in a condition', { ...report, ConditionExpression: 'attribute_exists(expiresAt)' }],
  ])('denies %s', async (_name, update) => {
    await mailbox.give('AROA:i-1', 'the letter', 4_000_000_000, { id: 1, name: 'a' });
    await mailbox.give('AROA:i-2', 'the letter of another', 4_000_000_000, { id: 1, name: 'a' });
    expect(await dynamo(update)).toMatchObject({ status: 400, error: 'AccessDeniedException' });
    expect(mailbox.untaken()).toEqual(['AROA:i-1', 'AROA:i-2']);
    expect(events.at(-1)).toMatchObject({ kind: 'denied', instanceId: 'i-1' });
  });

  test.each(['GetItem', 'PutItem', 'DeleteItem', 'Query', 'Scan'])('denies %s', async (action) => {
    expect(await dynamo(take, `DynamoDB_20120810.${action}`)).toMatchObject({ error: 'AccessDeniedException' });
  });

  test('knows the caller by its signature', async () => {
    const given = await keys();
    const forged = { ...given, SecretAccessKey: 'guessed' };
    expect(await dynamo(take, undefined, forged)).toMatchObject({ status: 400, error: 'SignatureDoesNotMatch' });
    services.removeInstance('i-1');
    expect(await dynamo(take, undefined, given)).toMatchObject({ status: 400, error: 'UnrecognizedClientException' });
  });

  test('does not guess: another update is refused, and so is what is not JSON', async () => {
    const other = { ...report, UpdateExpression: 'REMOVE jit' };
    expect(await dynamo(other)).toMatchObject({ status: 400, error: 'ValidationException' });
    expect(await dynamo([])).toMatchObject({ status: 400, error: 'SerializationException' });
  });
});

describe('the runner packages', () => {
  const get = async (path: string) => fetch(`${services.url}${path}`, signed('s3', 'GET', path, '', '', await keys()));

  test('are given to an instance that signs', async () => {
    const response = await get('/bucket/runner/a.tar.gz');
    expect([response.status, await response.text()]).toEqual([200, 'package']);
    expect(events.at(-1)).toMatchObject({ kind: 'runner-fetched', key: 'runner/a.tar.gz' });
    expect((await fetch(`${mine.s3}/runner/a.tar.gz`)).status).toBe(403);
  });

  test('and nothing else is', async () => {
    expect((await get('/bucket/runner/b.tar.gz')).status).toBe(404);
    expect((await get('/bucket/logs/a.tar.gz')).status).toBe(403);
    expect((await get('/other/runner/a.tar.gz')).status).toBe(403);
  });
});

test('a port that is in use is an error', async () => {
  const options = { mailbox, mailboxTable: 'm', bucket: 'b', clock: Date.now, open: () => undefined };
  await expect(serveInstances({ ...options, port: services.port })).rejects.toThrow('EADDRINUSE');
});
