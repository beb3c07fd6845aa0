/** Repositories that had a job lately: where the reconciler searches for jobs that no webhook told of. */
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { recentKey } from './records.ts';

/** Written once an hour, so that a burst of jobs writes it once. */
export function noteRecent(ledger: Ledger, repository: string): void {
  const at = (ledger.note(recentKey(repository))?.at as number | undefined) ?? 0;
  if (ledger.now - at >= limits.recentNoteMs) ledger.setNote(recentKey(repository), { at: ledger.now });
}
