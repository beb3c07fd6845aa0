/**
 * The JWT with which a GitHub App speaks for itself.
 *
 *   iat           now                                    exp
 *    |-- 60 s -----|-------------- 9 min -----------------|     GitHub refuses more than 10 min, and clocks differ
 *
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
import { type KeyObject, sign } from 'node:crypto';

const SKEW_S = 60;
const LIFE_S = 9 * 60;

export function signAppJwt(appId: string, privateKey: KeyObject, now: number): string {
  const seconds = Math.floor(now / 1_000);
  const claims = { iat: seconds - SKEW_S, exp: seconds + LIFE_S, iss: appId };
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
