import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignatureRules, type SignedRequest, verifySigV4 } from './verify-sigv4.ts';

const credentials = { accessKeyId: 'ASIATEST', secretAccessKey: 'secret/+key', sessionToken: 'token/+==' };

/** Keeps what curl sends. */
let seen: SignedRequest;
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method = '', url = '', headers } = request;
  seen = { method, url, headers: headers as Record<string, string>, body: Buffer.concat(chunks) };
  response.end();
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

async function curl(service: string, path: string, ...more: string[]): Promise<SignedRequest> {
  const { port } = server.address() as AddressInfo;
  const sign = ['--aws-sigv4', `aws:amz:eu-west-1:${service}`, '--user', 'ASIATEST:secret/+key'];
  const token = ['--header', `x-amz-security-token: ${credentials.sessionToken}`];
  await promisify(execFile)('curl', ['-qs', ...sign, ...token, ...more, `http://127.0.0.1:${port}${path}`]);
  return seen;
}

const rules = (service: string, changes: Partial<SignatureRules> = {}): SignatureRules => ({
  ...{ service, region: 'eu-west-1', now: Date.now() },
  findCredentials: (id) => (id === credentials.accessKeyId ? credentials : undefined),
  ...changes,
});

const put = ['--header', 'x-amz-target: DynamoDB_20120810.UpdateItem', '--data', '{"a":"b c"}'];
const without = (request: SignedRequest, header: string): SignedRequest => ({
  ...request,
  headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== header)),
});

describe('what curl signs is accepted', () => {
  test.each([
    ['a DynamoDB call', 'dynamodb', '/', put],
    ['an S3 download', 's3', '/bucket/runner/2.336.0/a-b_c.tar.gz', []],
    ['an S3 download of a key with an escape', 's3', '/bucket/logs/role%3Ai-1', []],
    ['an S3 upload', 's3', '/bucket/logs/x', ['--request', 'PUT', '--data', 'text']],
    ['a query', 's3', '/bucket?prefix=runner&list-type=2', []],
  ])('%s', async (_, service, path, more) => {
    expect(verifySigV4(await curl(service, path, ...more), rules(service))).toEqual({
      kind: 'ok',
      accessKeyId: 'ASIATEST',
    });
  });
});

describe('refused is', () => {
  const refusal = (request: SignedRequest, changes: Partial<SignatureRules> = {}) => {
    const verdict = verifySigV4(request, rules('dynamodb', changes));
    return verdict.kind === 'refused' ? verdict.code : 'accepted';
  };

  test('a request without a signature, or with another scheme', async () => {
    const request = await curl('dynamodb', '/', ...put);
    expect(refusal(without(request, 'authorization'))).toBe('MissingAuthenticationToken');
    const basic = { ...request, headers: { ...request.headers, authorization: 'Basic abc' } };
    expect(refusal(basic)).toBe('MissingAuthenticationToken');
  });

  test('an unknown key, a wrong secret, another session', async () => {
    const request = await curl('dynamodb', '/', ...put);
    expect(refusal(request, { findCredentials: () => undefined })).toBe('UnrecognizedClientException');
    const other = { ...credentials, secretAccessKey: 'other' };
    expect(refusal(request, { findCredentials: () => other })).toBe('SignatureDoesNotMatch');
    const session = { ...credentials, sessionToken: 'other' };
    expect(refusal(request, { findCredentials: () => session })).toBe('InvalidToken');
    expect(refusal(without(request, 'x-amz-security-token'))).toBe('InvalidToken');
  });

  test('a body, path, method or header that was changed after signing', async () => {
    const request = await curl('dynamodb', '/', ...put);
    expect(refusal({ ...request, body: Buffer.from('{"a":"b d"}') })).toBe('SignatureDoesNotMatch');
    expect(refusal({ ...request, url: '/other' })).toBe('SignatureDoesNotMatch');
    expect(refusal({ ...request, url: '/?a=b' })).toBe('SignatureDoesNotMatch');
    expect(refusal({ ...request, method: 'PUT' })).toBe('SignatureDoesNotMatch');
    const headers = { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.DeleteItem' };
    expect(refusal({ ...request, headers })).toBe('SignatureDoesNotMatch');
  });

  test('an x-amz header or a host that is not signed', async () => {
    const request = await curl('dynamodb', '/', ...put);
    expect(refusal({ ...request, headers: { ...request.headers, 'x-amz-meta': 'added' } })).toBe('AccessDenied');
    const authorization = request.headers.authorization?.replace('host;', '');
    expect(refusal({ ...request, headers: { ...request.headers, authorization } })).toBe('AccessDenied');
  });

  test('a clock more than 5 minutes off, either way', async () => {
    const request = await curl('dynamodb', '/', ...put);
    for (const minutes of [-5.1, 5.1])
      expect(refusal(request, { now: Date.now() + minutes * 60_000 })).toBe('RequestTimeTooSkewed');
    for (const minutes of [-4.9, 4.9])
      expect(refusal(request, { now: Date.now() + minutes * 60_000 })).toBe('accepted');
    expect(refusal(without(request, 'x-amz-date'))).toBe('RequestTimeTooSkewed');
  });

  test('a signature for another service or region', async () => {
    const request = await curl('dynamodb', '/', ...put);
    expect(refusal(request, { service: 'sqs' })).toBe('SignatureDoesNotMatch');
    expect(refusal(request, { region: 'us-east-1' })).toBe('SignatureDoesNotMatch');
  });

  test('an S3 upload with another body, or without its hash', async () => {
    const request = await curl('s3', '/bucket/x', '--request', 'PUT', '--data', 'text');
    const verdict = (changed: SignedRequest) => verifySigV4(changed, rules('s3'));
    expect(verdict({ ...request, body: Buffer.from('other') })).toMatchObject({ code: 'XAmzContentSHA256Mismatch' });
    expect(verdict(without(request, 'x-amz-content-sha256'))).toMatchObject({ code: 'InvalidRequest' });
  });
});
