/**
 * The runner packages in S3. A package is some 200 MB: it goes through a file, and appears in the bucket in one piece,
 * after its checksum was found right.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HeadObjectCommand, NotFound, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { RunnerStore } from '../../core/ports.ts';

/** Of fetching one package: at the slowest about 2 MB/s. The function has 5 minutes for all. */
const DOWNLOAD_MS = 100_000;
/** /tmp has 512 MB. */
const MOST_BYTES = 450_000_000;

export class AwsRunnerStore implements RunnerStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  #lastStore: Promise<unknown> = Promise.resolve();

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** @throws when S3 refuses to tell. */
  async has(key: string): Promise<boolean> {
    try {
      await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  }

  /** One after the other: /tmp has room for one. */
  store(key: string, url: string, sha256: string): Promise<'ok' | 'corrupt' | 'unavailable'> {
    const stored = this.#lastStore.then(() => this.#store(key, url, sha256));
    this.#lastStore = stored.catch(() => {});
    return stored;
  }

  async #store(key: string, url: string, sha256: string): Promise<'ok' | 'corrupt' | 'unavailable'> {
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-package-'));
    try {
      const file = join(folder, 'package');
      const fetched = await download(url, file);
      if (!fetched) return 'unavailable';
      if (fetched.sha256.toString('hex') !== sha256.toLowerCase()) return 'corrupt';
      return await this.#upload(key, file, fetched);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** S3 computes the checksum again and refuses the object if it differs. */
  async #upload(key: string, file: string, { sha256, bytes }: Fetched): Promise<'ok' | 'unavailable'> {
    const request = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: createReadStream(file),
      ContentLength: bytes,
      ChecksumSHA256: sha256.toString('base64'),
    });
    try {
      await this.#client.send(request);
      return 'ok';
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 500;
      // A missing bucket or permission is a bug: it is seen.
      if (status < 500 && status !== 429) throw error;
      return 'unavailable';
    }
  }
}

interface Fetched {
  readonly sha256: Buffer;
  readonly bytes: number;
}

/** `undefined`: not there, too large, broken or too slow. */
async function download(url: string, file: string): Promise<Fetched | undefined> {
  const signal = AbortSignal.timeout(DOWNLOAD_MS);
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > MOST_BYTES ? new Error('the package is too large') : null, chunk);
    },
  });
  try {
    const reply = await fetch(url, { signal });
    if (!reply.ok || !reply.body) return undefined;
    await pipeline(Readable.fromWeb(reply.body as never), measure, createWriteStream(file), { signal });
  } catch {
    return undefined;
  }
  return { sha256: hash.digest(), bytes };
}
