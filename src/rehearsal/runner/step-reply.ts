import type { StepCommand } from '../workflow/types.ts';

/** A value as bash reads it back, whatever is in it. No environment can hold NUL, so it is dropped. */
export const quote = (value: string) => `'${value.replaceAll('\0', '').replaceAll("'", `'\\''`)}'`;

/**
 * A step as assignments for the worker. `step_enter` is bash text that sets the step's environment; the command is
 * in the positional parameters then, because no name in the environment can clash with those.
 */
export function stepReply(step: StepCommand): Record<string, string> {
  return {
    step_number: String(step.number),
    step_name: step.name,
    step_script: step.script,
    step_shell: step.shell,
    step_shell_named: step.shellNamed ? 'yes' : '',
    step_directory: step.workingDirectory ?? '',
    step_timeout_ms: String(step.timeoutMs),
    step_enter: enter(step),
  };
}

/** Names that bash cannot export (`my-var`) or would change itself (`UID`, `SECONDS`) go through `env`. */
function enter(step: StepCommand): string {
  const variables = Object.entries(step.env).filter(([name]) => name !== '' && !/[=\0]/.test(name));
  const plain = variables.filter(([name]) => exportable(name)).map(([name, value]) => `export ${name}=${quote(value)}`);
  const odd = variables.filter(([name]) => !exportable(name)).map(([name, value]) => quote(`${name}=${value}`));
  const path = step.path.length > 0 ? [`export PATH=${quote(step.path.join(':'))}:"$PATH"`] : [];
  const throughEnv = odd.length > 0 ? [`set -- /usr/bin/env ${odd.join(' ')} "$@"`] : [];
  return [...plain, ...path, ...throughEnv].map((line) => `${line}\n`).join('');
}

const CHANGED_BY_BASH = new Set(
  `_ BASHOPTS BASHPID BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_LINENO BASH_SOURCE BASH_SUBSHELL
  BASH_VERSINFO BASH_VERSION COMP_WORDBREAKS DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD LINENO
  OLDPWD PIPESTATUS PPID PWD RANDOM SECONDS SHELLOPTS SHLVL SRANDOM UID`.split(/\s+/),
);

const exportable = (name: string) => /^[A-Za-z_]\w*$/.test(name) && !CHANGED_BY_BASH.has(name);
