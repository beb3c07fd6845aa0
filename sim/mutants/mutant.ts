/** A known mistake, put into the product: text is replaced when the simulator is bundled. */
import type { Killer } from './probe.ts';

export interface Mutant {
  readonly name: string;
  /** What is wrong with it, and who had it. */
  readonly what: string;
  readonly changes: readonly Change[];
  /** What must notice it: one is enough. */
  readonly killers: readonly Killer[];
}

export interface Change {
  readonly file: string;
  /** Must stand in the file exactly once: where it is gone, the mutant has to be written anew. */
  readonly text: string;
  readonly instead: string;
}

/** @throws when the text is gone, or stands there more than once. */
export function mutate({ file, text, instead }: Change, source: string): string {
  const parts = source.split(text);
  if (parts.length !== 2) throw new Error(`the text stands ${parts.length - 1} times in ${file}: ${text}`);
  return parts.join(instead);
}
