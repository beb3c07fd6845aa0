/**
 * Processes that carry a marker in their environment: it is inherited, also by those that left the process group
 * (setsid). One that wiped its environment as well is found by where it works: in the folder of its instance. Linux only;
 * elsewhere there is no /proc, and the process group must do.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Rounds of killing, and the pause between two: a process may fork while it is being looked for. */
const ROUNDS = 100;
const PAUSE_MS = 20;

/** Ids of the processes whose initial environment contains the text. Those of other users are not seen. */
export function findMarked(marker: string): number[] {
  const pids = listProcesses();
  return pids.filter((pid) => pid !== process.pid && readEnvironment(pid).includes(marker));
}

/** Ids of the processes whose working directory is the folder, or one in it. */
export function findInside(folder: string): number[] {
  return listProcesses().filter((pid) => `${readWorkingDirectory(pid)}/`.startsWith(`${folder}/`));
}

/** Kills those that carry the marker or work in the folder, until none is left, for about 2 s at most. */
export async function endMarked(marker: string, folder: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const pids = [...findMarked(marker), ...findInside(folder)];
    if (pids.length === 0) return;
    for (const pid of pids) killNow(pid);
    await sleep(PAUSE_MS);
  }
}

/** SIGKILL, to a whole process group when negative. Gone already is fine. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readWorkingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function readEnvironment(pid: number): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0);
  }
}
