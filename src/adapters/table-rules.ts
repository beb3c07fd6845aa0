/** What DynamoDB refuses as a wrong request, and the local table therefore too. Breaking a rule is a bug: it throws. */
import type { Key, Write } from '../core/ports.ts';

/** BatchGetItem and TransactWriteItems. */
const MOST_KEYS = 100;
/** Before the year 5138 in seconds, before 1973 in milliseconds: tells the two units apart. */
const LATEST_SECONDS = 100_000_000_000;

export const keyOf = (write: Write): Key => (write.kind === 'put' ? write.item : write.key);

export function checkKeys(keys: readonly Key[]): void {
  if (keys.length > MOST_KEYS) throw new RangeError(`${keys.length} keys in one request; DynamoDB takes ${MOST_KEYS}`);
  for (const { pk, sk } of keys) if (pk === '' || sk === '') throw new TypeError(`an empty key: "${pk}", "${sk}"`);
  if (keys.length > 1 && new Set(keys.map(({ pk, sk }) => `${pk}\n${sk}`)).size < keys.length)
    throw new TypeError(`a key stands twice in one request: ${keys.map(({ pk, sk }) => `${pk} ${sk}`).join(', ')}`);
}

export function checkWrites(writes: readonly Write[]): void {
  checkKeys(writes.map(keyOf));
  for (const write of writes) {
    if (write.kind === 'put') checkVersion(write.item.v, 1);
    if (write.kind !== 'add') checkVersion(write.ifVersion, 0);
    const expiresAt = write.kind === 'put' ? write.item.expiresAt : write.kind === 'add' ? write.expiresAt : undefined;
    if (expiresAt !== undefined) checkSeconds(expiresAt);
  }
}

/** Throws unless it is a time in whole seconds since 1970: milliseconds there would never expire. */
function checkSeconds(expiresAt: number): void {
  if (!Number.isInteger(expiresAt) || expiresAt < 0 || expiresAt >= LATEST_SECONDS)
    throw new RangeError(`expiresAt is in seconds since 1970, not ${expiresAt}`);
}

function checkVersion(v: number, least: number): void {
  if (!Number.isInteger(v) || v < least) throw new RangeError(`a version is a whole number from ${least}, not ${v}`);
}
