import { generateKeyPairSync } from 'node:crypto';

/**
 * An RSA-2048 private key as the text of a runner's `.credentials_rsaparams`. It takes tens of milliseconds: make one
 * for all runners of a model.
 */
export function createRunnerKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { d, dp, dq, e, qi, n, p, q } = privateKey.export({ format: 'jwk' });
  const base64 = (number = '') => Buffer.from(number, 'base64url').toString('base64');
  return JSON.stringify({
    d: base64(d),
    dp: base64(dp),
    dq: base64(dq),
    exponent: base64(e),
    inverseQ: base64(qi),
    modulus: base64(n),
    p: base64(p),
    q: base64(q),
  });
}
