/** `mayfly rehearse`: options, Ctrl-C, and the choice of who shows it. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CodedError } from '../core/codes.ts';
import { chooseHost } from '../rehearsal/hosts/choose-host.ts';
import { defaultPools, readPools, readText } from '../rehearsal/pools.ts';
import { type Report, rehearse } from '../rehearsal/rehearse.ts';
import { readWorkflow } from '../rehearsal/workflow/read-workflow.ts';
import { ORGANIZATION } from '../rehearsal/world.ts';
import type { Show } from './show.ts';
import { showJson } from './show-json.ts';
import { showLive } from './show-live.ts';
import { showPlain } from './show-plain.ts';

export const REHEARSE_HELP = `Usage: mayfly rehearse [options]

Runs a workflow through the whole system on this machine: signed webhook, queue, launch, boot script, runner, job,
termination. No account is needed.

  --workflow FILE  the workflow to run (default: an example with a matrix of 4 and a job that depends on it)
  --jobs N         N runs of the workflow at once (default workflow then: one with a single job)
  --pools FILE     the pools, in YAML or JSON (default: one pool [self-hosted, linux, x64])
  --host HOST      what instances are: process (default), or nspawn: machines with systemd and cloud-init (Linux, root)
  --faults         inject a throttled launch, a swapped runner, a failed boot, a ghost runner and a lost webhook, and watch
                   each heal, in half a minute (needs 4 jobs at once and 5 in all; only with --host process)
  --output         print what each job printed, once it is over
  --json           print one JSON document and nothing else
  --port N         port of the webhook (default: a free one)
  --keep-open      stay up afterwards, and print how to send an event with curl
  --help           print this

Exit codes: 0 every run succeeded, as GitHub would call it, every fault struck and healed, and nothing is left (with
--keep-open: it was stopped and nothing is left); 1 not so; 2 the input can not be used; 130 interrupted.
`;

const OPTIONS = {
  workflow: { type: 'string' },
  jobs: { type: 'string' },
  pools: { type: 'string' },
  host: { type: 'string', default: 'process' },
  faults: { type: 'boolean', default: false },
  output: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  port: { type: 'string' },
  'keep-open': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Of this repository and of the package alike. */
const EXAMPLES = fileURLToPath(new URL('../../examples/workflows/', import.meta.url));
/** npm passes Ctrl-C on although the terminal has sent it already: a second signal so soon is the same key press. */
const SAME_KEY_PRESS_MS = 500;

export async function runRehearse(args: readonly string[]): Promise<number> {
  const { values } = parse(args);
  if (values.help) {
    process.stdout.write(REHEARSE_HELP);
    return 0;
  }
  const runs = wholeNumber('--jobs', values.jobs ?? '1', 1, 10_000);
  const port = wholeNumber('--port', values.port ?? '0', 0, 65_535);
  const file = values.workflow ?? `${EXAMPLES}${values.jobs === undefined ? 'rehearsal' : 'single-job'}.yml`;
  const workflow = await readWorkflow(file, readText(file));
  const pools = values.pools === undefined ? defaultPools(ORGANIZATION) : readPools(values.pools, ORGANIZATION);
  const { faults } = values;
  if (faults && values.host !== 'process') throw new CodedError('bad-option', '--faults takes no --host but process.');
  const host = await chooseHost(values.host, sayThatItBuilds);
  const show = chooseShow(values);
  const keepOpen = values['keep-open'];
  const { signal, trouble } = onInterrupt();
  const report = await rehearse({ workflow, runs, pools, host, port, keepOpen, faults }, show, signal);
  show.end(report);
  // A pipe or a full disk may refuse what was written only now.
  await new Promise((resolve) => process.stdout.write('', resolve));
  if (trouble.isBug || trouble.isOutputLost) return 1;
  if (report.interrupted && !keepOpen) return 130;
  return report.ok || isCleanStop(report, keepOpen) ? 0 : 1;
}

const sayThatItBuilds = (folder: string) =>
  process.stderr.write(`Making Debian 13 for the machines, once: about half a minute. It stays in ${folder}.\n`);

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false });
  } catch (error) {
    throw new CodedError('bad-option', (error as Error).message);
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new CodedError('bad-option', `${option} takes a whole number from ${least} to ${most}, not "${text}".`);
}

function chooseShow(values: { json: boolean; output: boolean; 'keep-open': boolean }): Show {
  const { json, output, 'keep-open': keepOpen } = values;
  if (json) return showJson(process.stdout, process.stderr, keepOpen);
  const isLive = process.stdout.isTTY && !output;
  return isLive ? showLive(process.stdout, keepOpen) : showPlain(process.stdout, { output, keepOpen });
}

/**
 * Aborted by the first Ctrl-C or SIGTERM, when nobody reads the output any more, and by a bug: in all cases every
 * instance is ended before the process is. A later signal ends the process at once.
 */
function onInterrupt() {
  const controller = new AbortController();
  const trouble = { isBug: false, isOutputLost: false };
  let firstAt = 0;
  const interrupt = () => {
    if (controller.signal.aborted && Date.now() - firstAt > SAME_KEY_PRESS_MS) process.exit(130);
    if (!controller.signal.aborted) firstAt = Date.now();
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.stdout.on('error', () => {
    trouble.isOutputLost = true;
    controller.abort();
  });
  process.on('uncaughtException', (error) => {
    trouble.isBug = true;
    process.stderr.write(`${error.stack}\n`);
    controller.abort();
  });
  return { signal: controller.signal, trouble };
}

/** Ctrl-C is how a rehearsal that was kept open ends. */
function isCleanStop(report: Report, keepOpen: boolean): boolean {
  const isClean = Object.values(report.leftovers).every((count) => count === 0);
  return keepOpen && isClean && report.interrupted;
}
