/** The runner packages in memory. They are fetched by whatever function is handed in. */
import { createHash } from 'node:crypto';
import type { RunnerStore } from '../../core/ports.ts';

/** The bytes at `url`. It may reject: the package is then unavailable. */
export type Download = (url: string) => Promise<Uint8Array>;

export class LocalRunnerStore implements RunnerStore {
  readonly #download: Download;
  readonly #packages = new Map<string, Uint8Array>();

  constructor(download: Download) {
    this.#download = download;
  }

  async has(key: string): Promise<boolean> {
    return this.#packages.has(key);
  }

  async store(key: string, url: string, sha256: string): Promise<'ok' | 'corrupt' | 'unavailable'> {
    const bytes = await this.#download(url).catch(() => undefined);
    if (bytes === undefined) return 'unavailable';
    if (createHash('sha256').update(bytes).digest('hex') !== sha256.toLowerCase()) return 'corrupt';
    this.#packages.set(key, bytes);
    return 'ok';
  }

  /** The bytes of a stored package. */
  open(key: string): Uint8Array | undefined {
    return this.#packages.get(key);
  }
}
