import { spawnSync } from 'node:child_process';
import { CodedError } from '../../core/codes.ts';

/** Its EPOCHREALTIME is the boot script's clock. */
const OLDEST_BASH = 5;
/** Older ones sign wrongly (see the boot script). */
const OLDEST_CURL = 8;
const TOOLS = ['tar', 'gzip', 'sha256sum', 'base64'];

/** Prints bash's version, curl's, and a line for each tool that is missing. */
const PROBE = `echo "$BASH_VERSINFO"
version=$(curl --version) && echo "\${version%%$'\\n'*}" || echo none
for tool; do command -v "$tool" >/dev/null || echo "$tool"; done`;

/** @throws CodedError `no-bash` or `tool-missing` when an instance could not boot with this PATH. */
export function checkTools(path = cleanPath(process.env.PATH ?? '')): void {
  const { stdout, signal } = spawnSync('bash', ['-c', PROBE, 'bash', ...TOOLS], {
    env: { PATH: path },
    encoding: 'utf8',
    timeout: 10_000,
  });
  // Ctrl-C reaches the probe too. What follows sees to it.
  if (signal === 'SIGINT' || signal === 'SIGTERM') return;
  const [bash = '', curl = '', ...missing] = (stdout ?? '').split('\n').filter(Boolean);
  if (!(Number(bash) >= OLDEST_BASH))
    throw new CodedError('no-bash', `Found: ${bash || 'none'}; needed: ${OLDEST_BASH}.`);
  if (!(Number(/^curl (\d+)\./.exec(curl)?.[1]) >= OLDEST_CURL))
    throw new CodedError('tool-missing', `Found curl: ${curl}.`);
  if (missing.length > 0) throw new CodedError('tool-missing', `Missing: ${missing.join(', ')}.`);
}

/** PATH without what npm puts there for its own scripts: a job must not find this package's tools. */
export const cleanPath = (path: string) =>
  path
    .split(':')
    .filter((folder) => folder.startsWith('/') && !folder.includes('/node_modules/'))
    .join(':');
