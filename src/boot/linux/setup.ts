import { bash } from './bash';

/** The pool's own commands, as root, each in a bash of its own. `SETUP` comes from the renderer. */
export const setup = bash`
# ---- setup: the pool's own commands. Nothing of the runner is on the machine yet; a command that hangs is killed
readonly SETUP_LOG="$ROOT/var/tmp/mayfly-setup.log"
mkdir -p "$ROOT/var/tmp"

run_setup() { # run_setup COMMAND: its output goes to a file, so that what it leaves running can not hold up this script
  check_clock
  local left=$((LIMIT_AT - NOW)) seconds
  printf -v seconds '%d.%03d' "$((left / 1000))" "$((left % 1000))"
  (umask 022 && cd "$ROOT/" && HOME=\${HOME:-/root} exec timeout -k 5 "$seconds" bash -c "$1") >"$SETUP_LOG" 2>&1 </dev/null
}

fail_setup() { # fail_setup NUMBER STATUS: the report's quoting allows neither quotes nor backslashes
  OUTPUT=$(tail -n 10 "$SETUP_LOG" | tail -c 500 | tr '\n' '|' | tr -c 'A-Za-z0-9 .,:;/=_+()|-' '?')
  OUTPUT="'output':'command $1 ended with $2: $OUTPUT',"
  fail setup-failed
}

for n in "\${!SETUP[@]}"; do
  status=0
  run_setup "\${SETUP[n]}" || status=$?
  cat "$SETUP_LOG"
  ((status == 0)) || fail_setup "$((n + 1))" "$status"
done
rm "$SETUP_LOG"
phase setup
`;
