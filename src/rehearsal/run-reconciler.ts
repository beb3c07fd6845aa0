/** What EventBridge's schedule does on AWS: runs the reconciler again and again, each run under a name of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReconcileDeps } from '../core/reconcile/deps.ts';
import { reconcile } from '../core/reconcile/reconcile.ts';

/** A minute is long in a rehearsal. */
const EVERY_MS = 2_000;

export interface ReconcilerRuns {
  /** Resolves when the run at hand is over; no new one starts. */
  close(): Promise<void>;
}

export function runReconciler(deps: Omit<ReconcileDeps, 'runId'>, onCrash: (error: unknown) => void): ReconcilerRuns {
  const closing = new AbortController();
  const { signal } = closing;

  async function runOn(): Promise<void> {
    for (let n = 1; ; n++) {
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await reconcile({ ...deps, runId: `run-${n}` }).catch(onCrash);
    }
  }

  const runs = runOn();
  return {
    close: () => {
      closing.abort();
      return runs;
    },
  };
}
