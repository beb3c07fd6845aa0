import { expect, test } from 'vitest';
import { verifyHmac } from './hmac.ts';

// GitHub's published example of a signed webhook.
const secret = "It's a Secret to Everybody";
const body = Buffer.from('Hello, World!');
const signature = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

test("accepts GitHub's example, in either case", () => {
  expect(verifyHmac(secret, body, signature)).toBe(true);
  expect(verifyHmac(secret, body, signature.toUpperCase())).toBe(true);
});

test.each([
  ['another secret', `${secret}!`, body, signature],
  ['another body', secret, Buffer.from('Hello, World?'), signature],
  ['one wrong digit', secret, body, signature.replace('7', '8')],
  ['nothing', secret, body, ''],
  ['half of it', secret, body, signature.slice(0, 32)],
  ['more than it', secret, body, `${signature}00`],
  ['text after it', secret, body, `${signature}zz`],
  ['no hexadecimal at the end', secret, body, `${signature.slice(0, 62)}zz`],
  ['no hexadecimal at all', secret, body, 'z'.repeat(64)],
  ['the prefix of the header', secret, body, `sha256=${signature}`],
])('refuses %s', (_, withSecret, withBody, withSignature) => {
  expect(verifyHmac(withSecret, withBody, withSignature)).toBe(false);
});

test('an empty secret verifies nothing, not even its own signature', () => {
  const ofEmptySecret = '0'.repeat(64);
  expect(verifyHmac('', body, ofEmptySecret)).toBe(false);
  // HMAC-SHA256 with the key "" over "".
  expect(verifyHmac('', Buffer.alloc(0), 'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad')).toBe(
    false,
  );
});
