import { bash } from './bash';

/** Commands run as root, each in a bash of its own. `SETUP` comes from the renderer: command 0 is ours. */
export const setup = bash`
# ---- setup
# Nothing of the runner is on the machine yet; a command that hangs is killed.

run_setup() { # run_setup COMMAND: its output goes to a file, so that what it leaves running can not hold up this script
  check_clock
  (umask 022 && cd "$ROOT/" && HOME=\${HOME:-/root} exec timeout -k 5 "$((LIMIT_AT - NOW))e-3" bash -c "$1") \
    >"$SCRATCH" 2>&1 </dev/null
}

fail_setup() { # fail_setup NUMBER STATUS: the report's quoting allows neither quotes nor backslashes
  OUTPUT=$(tail -n 10 "$SCRATCH" | tail -c 500 | tr '\n' '|' | tr -c 'A-Za-z0-9 .,:;/=_+()|-' '?')
  OUTPUT="'output':'command $1 ended with $2: $OUTPUT',"
  fail setup-failed
}

for n in "\${!SETUP[@]}"; do
  status=0
  run_setup "\${SETUP[n]}" || status=$?
  cat "$SCRATCH"
  ((status == 0)) || fail_setup "$n" "$status"
done
phase setup
`;
