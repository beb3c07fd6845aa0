import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

/** Removes a folder with all in it, also what a job made read-only. What can not be removed stays, and is counted. */
export async function removeFolder(folder: string): Promise<void> {
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  await remove()
    .catch(async () => {
      const chmod = spawn('chmod', ['-R', 'u+rwX', folder], { stdio: 'ignore', timeout: 10_000 });
      await once(chmod, 'close');
      await remove();
    })
    .catch(() => undefined);
}
