/** Deletes runner packages that were replaced 7 days ago. The newest of a platform stays, however old. */
import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { BUCKET_PREFIX } from '../../constructs/contract.ts';

/** Longer than any instance boots that was sent for a package while that was current. */
const LIFE_MS = 7 * 24 * 60 * 60_000;

export interface StoredPackage {
  readonly key: string;
  readonly storedAt: number;
}

/** `current`: what instances are sent for now. Returns what was deleted. */
export async function expirePackages(
  client: S3Client,
  bucket: string,
  current: readonly string[],
  now: number,
): Promise<readonly string[]> {
  // A page of a thousand: years of versions.
  const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: BUCKET_PREFIX.runner }));
  const packages = (listed.Contents ?? []).map(({ Key = '', LastModified }) => ({
    key: Key,
    storedAt: LastModified?.getTime() ?? now,
  }));
  const expired = replacedPackages(packages, now).filter((key) => !current.includes(key));
  for (const key of expired) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  return expired;
}

/** Keys of packages whose successor on the same platform lies there for 7 days. */
export function replacedPackages(packages: readonly StoredPackage[], now: number): string[] {
  return packages
    .filter((old) => packages.some((other) => isSuccessor(other, old) && now - other.storedAt >= LIFE_MS))
    .map(({ key }) => key);
}

const isSuccessor = (one: StoredPackage, old: StoredPackage) =>
  platformOf(one.key) === platformOf(old.key) && one.storedAt > old.storedAt;

/** `runner/linux-x64/2.336.0-abc.tar.gz` */
const platformOf = (key: string) => key.slice(0, key.lastIndexOf('/'));
