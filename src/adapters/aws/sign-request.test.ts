import { expect, test } from 'vitest';
import { verifySigV4 } from '../../rehearsal/instance-services/verify-sigv4.ts';
import { signRequest } from './sign-request.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const request = {
  service: 'sqs',
  region: 'eu-west-1',
  host: 'sqs.eu-west-1.amazonaws.com',
  headers: { 'x-amz-target': 'AmazonSQS.SendMessage', 'content-type': 'application/x-amz-json-1.0' },
  body: '{"MessageBody":"ü"}',
};

/** By a verifier of its own, which another part uses for the instances' requests. */
const verdictOf = (headers: Record<string, string>, body = request.body, sessionToken?: string) =>
  verifySigV4(
    { method: 'POST', url: '/', headers, body: Buffer.from(body) },
    {
      service: 'sqs',
      region: 'eu-west-1',
      now,
      findCredentials: (accessKeyId) => ({ accessKeyId, secretAccessKey: 'key', sessionToken }),
    },
  );

test.each([undefined, 'session-token'])('the signature is right, with token %s', (sessionToken) => {
  const headers = signRequest(request, { accessKeyId: 'AKIA', secretAccessKey: 'key', sessionToken }, now);
  expect(verdictOf(headers, request.body, sessionToken)).toEqual({ kind: 'ok', accessKeyId: 'AKIA' });
  expect(headers['x-amz-security-token']).toBe(sessionToken);
});

test('the signature covers body, headers and key', () => {
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'key' };
  const headers = signRequest(request, credentials, now);
  expect(verdictOf(headers, '{}')).toMatchObject({ kind: 'refused' });
  expect(verdictOf({ ...headers, 'x-amz-target': 'AmazonSQS.DeleteMessage' })).toMatchObject({ kind: 'refused' });
  const other = signRequest(request, { ...credentials, secretAccessKey: 'other' }, now);
  expect(verdictOf(other)).toMatchObject({ kind: 'refused' });
});
