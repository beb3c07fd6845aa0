/** Deletes runner packages that were replaced 7 days ago. The newest of a platform stays, however old. */
import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { BUCKET_PREFIX } from '../../constructs/contract.ts';
import type { Table } from '../../core/ports.ts';
import { runnerKey } from '../../core/records.ts';
import type { Platform } from '../../core/types.ts';

/** Longer than any instance boots that was sent for a package while that was current. */
const LIFE_MS = 7 * 24 * 60 * 60_000;

export interface StoredPackage {
  readonly key: string;
  readonly storedAt: number;
}

export interface PackagesDeps {
  readonly client: S3Client;
  readonly bucket: string;
  /** Says what instances are sent for now: that stays in any case. */
  readonly table: Table;
}

/** Keys of what was deleted: nothing, while the table does not answer. @throws what S3 says. */
export async function expirePackages(
  { client, bucket, table }: PackagesDeps,
  platforms: readonly Platform[],
  now: number,
): Promise<readonly string[]> {
  const rows = await table.read(platforms.map(runnerKey));
  if (rows === 'unavailable') return [];
  const current = new Set(rows.map((row) => row?.key));
  // A page of a thousand: years of versions.
  const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: BUCKET_PREFIX.runner }));
  const packages = (listed.Contents ?? []).map(({ Key = '', LastModified }) => ({
    key: Key,
    storedAt: LastModified?.getTime() ?? now,
  }));
  const expired = replacedPackages(packages, now).filter((key) => !current.has(key));
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
