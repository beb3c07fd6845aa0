// Runs a test tier that needs more than `npm ci` brings. Usage: node scripts/run-tier.mjs aws|boot
// What is missing is said in one line, with exit code 1: nothing is skipped in silence.
import { spawnSync } from 'node:child_process';

const missing = { aws: missingForAws, boot: missingForBoot };

const tier = process.argv[2];
const lack = missing[tier]?.();
if (lack === undefined) {
  const run = spawnSync('vitest', ['run', '--project', tier, ...process.argv.slice(3)], { stdio: 'inherit' });
  process.exit(run.status ?? 1);
}
console.error(`test:${tier} can not run: ${lack}`);
process.exit(1);

function missingForAws() {
  const check = 'import moto, sys; sys.exit(tuple(map(int, moto.__version__.split(".")[:3])) < (5, 2, 1))';
  const python = process.env.MAYFLY_PYTHON ?? 'python3';
  const found = spawnSync(python, ['-c', check], { stdio: 'ignore' }).status === 0;
  return found ? undefined : `it needs Python with moto >= 5.2.1: pip install 'moto[server]>=5.2.1'`;
}

function missingForBoot() {
  const packages = { shellcheck: 'shellcheck', 'systemd-nspawn': 'systemd-container', mmdebstrap: 'mmdebstrap' };
  const isThere = (program) => spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
  const missing = Object.keys(packages).filter((program) => !isThere(program));
  if (missing.length > 0)
    return `it needs ${missing.join(', ')}: apt-get install ${missing.map((program) => packages[program]).join(' ')}`;
  return process.getuid?.() === 0 ? missingForAws() : 'it needs root, to boot machines';
}
