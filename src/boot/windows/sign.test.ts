/** The texts that the script signs, filled here as PowerShell would, are a signature that another part verifies. */
import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { signRequest } from '../../adapters/aws/sign-request.ts';
import { verifySigV4 } from '../../rehearsal/instance-services/verify-sigv4.ts';
import { SIGNATURE_TEXTS, sign } from './sign.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'key', sessionToken: 'session-token' };
const fill = (text: string, ...values: string[]) =>
  text.replaceAll('\\n', '\n').replace(/\{(\d)\}/g, (_, n) => values[Number(n)] ?? '');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** Step by step what the function Get-SignedHeaders does. */
function signedHeaders(service: string, method: string, url: string, headers: Record<string, string>, body: string) {
  const uri = new URL(url);
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const hash = sha256(body);
  const all: Record<string, string> = {
    ...headers,
    ...{ host: uri.host, 'x-amz-date': time, 'x-amz-content-sha256': hash },
    'x-amz-security-token': credentials.sessionToken,
  };
  const names = Object.keys(all).sort();
  const lines = names.map((name) => `${name}:${all[name]}\n`).join('');
  const scope = `${time.slice(0, 8)}/eu-west-1/${service}/aws4_request`;
  const canonical = fill(SIGNATURE_TEXTS.canonical, method, uri.pathname, lines, names.join(';'), hash);
  const toSign = fill(SIGNATURE_TEXTS.toSign, time, scope, sha256(canonical));
  const parts = [time.slice(0, 8), 'eu-west-1', service, 'aws4_request'];
  const key = parts.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  return { ...all, authorization: fill(SIGNATURE_TEXTS.authorization, 'AKIA', scope, names.join(';'), signature) };
}

const TARGET = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.UpdateItem' };
const REQUESTS = [
  ['dynamodb', 'POST', 'https://dynamodb.eu-west-1.amazonaws.com/', TARGET, '{"TableName":"mailbox"}'],
  ['s3', 'GET', 'https://bucket.s3.eu-west-1.amazonaws.com/runner/windows-x64/2.330.0-abc.zip', {}, ''],
  ['s3', 'PUT', 'https://bucket.s3.eu-west-1.amazonaws.com/logs/AROA%3Ai-1/boot.log.gz', {}, 'packed'],
] as const;

test.each(REQUESTS)('%s %s', (service, method, url, headers, body) => {
  const signed = signedHeaders(service, method, url, headers, body);
  const verdict = verifySigV4(
    { method, url: new URL(url).pathname, headers: signed, body: Buffer.from(body) },
    { service, region: 'eu-west-1', now, findCredentials: () => credentials },
  );
  expect(verdict).toEqual({ kind: 'ok', accessKeyId: 'AKIA' });
});

test('it is the signature of the functions, where these sign the same', () => {
  const [service, , url, headers, body] = REQUESTS[0];
  const ours = signedHeaders(service, 'POST', url, headers, body);
  const hash = { 'x-amz-content-sha256': sha256(body) };
  const request = { service, region: 'eu-west-1', host: new URL(url).host, headers: { ...headers, ...hash }, body };
  expect(signRequest(request, credentials, now).authorization).toBe(ours.authorization);
});

test('the script fills the same texts with the same values', () => {
  const inScript = (text: string) => text.replaceAll('\\n', '$LF');
  const { canonical, toSign, authorization } = SIGNATURE_TEXTS;
  expect(sign).toContain(`"${inScript(canonical)}" -f $method, $uri.AbsolutePath, $lines, $signed, $hash`);
  expect(sign).toContain(`"${inScript(toSign)}" -f $time, $scope, (Get-Sha256 $Utf8.GetBytes($canonical))`);
  expect(sign).toContain(`"${authorization}" -f $AccessKeyId, $scope, $signed, $signature`);
  expect(sign).toContain("foreach ($part in $day, $Region, $service, 'aws4_request') { $key = Get-Hmac $key $part }");
});
