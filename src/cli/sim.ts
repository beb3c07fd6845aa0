/** The simulator is a bundle of its own, with worker threads: it runs beside this one, with the same terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export async function runSim(args: readonly string[]): Promise<number> {
  const bundle = fileURLToPath(new URL('../sim/main.mjs', import.meta.url));
  const child = spawn(process.execPath, [bundle, ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
