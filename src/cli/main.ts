#!/usr/bin/env node
/** The `mayfly` command: picks the command, turns coded errors into one line and an exit code. */
import { CODES, CodedError } from '../core/codes.ts';
import { runRehearse } from './rehearse.ts';
import { runSim } from './sim.ts';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  rehearse: runRehearse,
  sim: runSim,
};

const HELP = `Usage: mayfly <command> [options]

Commands:
  rehearse    run a workflow through the whole system on this machine, without an account
  sim         run the control plane in virtual time, thousands of times, under random faults

mayfly <command> --help says more about one.
`;

/** Exit code of wrong usage and unusable input. */
const BAD_INPUT = 2;

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? BAD_INPUT : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new CodedError('unknown-command', `Got: ${name}.`);
  return command(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message}\n${CODES[error.reason].next}\n`);
  process.exitCode = BAD_INPUT;
}
