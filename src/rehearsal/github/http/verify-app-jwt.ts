import { type KeyObject, verify } from 'node:crypto';
import * as v from 'valibot';

const MAX_LIFE_S = 600;
/** How far the clock of the App may be ahead. */
const SKEW_S = 60;

const Header = v.object({ alg: v.literal('RS256') });
const Claims = v.object({
  iss: v.union([v.number(), v.string()]),
  iat: v.number(),
  exp: v.number(),
});

/** What GitHub would say against the JWT of an App; nothing when it is good. Clients know some of the messages by heart. */
export function verifyAppJwt(jwt: string, appId: number, publicKey: KeyObject, nowMs: number): string | undefined {
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  const parsed = v.safeParse(Claims, decode(claims));
  if (!v.is(Header, decode(header)) || !parsed.success) return 'A JSON web token could not be decoded';
  const { iss, iat, exp } = parsed.output;
  if (String(iss) !== String(appId)) return 'Integration not found';
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify('RSA-SHA256', signed, publicKey, Buffer.from(signature, 'base64url')))
    return 'A JSON web token could not be decoded';
  const nowS = nowMs / 1000;
  if (iat > nowS + SKEW_S)
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  if (exp <= nowS)
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  if (exp > nowS + MAX_LIFE_S + SKEW_S) return "'Expiration time' claim ('exp') is too far in the future";
  return undefined;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
