/** On the webhook's hot path. */
import type { VerifyHmac } from '../core/ports.ts';
import { builtin } from './builtin.ts';

const { createHmac, timingSafeEqual } = builtin('node:crypto');

const DIGEST_HEX_LENGTH = 64;

/** An empty secret verifies nothing: anybody could sign with it. */
export const verifyHmac: VerifyHmac = (secret, body, signatureHex) => {
  // Buffer.from stops at the first character that is not hexadecimal: the length is checked before and after.
  if (secret === '' || signatureHex.length !== DIGEST_HEX_LENGTH) return false;
  const given = Buffer.from(signatureHex, 'hex');
  const expected = createHmac('sha256', secret).update(body).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
};
