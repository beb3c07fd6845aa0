import { bash } from './bash';

/** Every way out of the script leads through `finish`. */
export const trap = bash`
# ---- trap: every way out of this script reports, then powers off
CODE=boot-error LINE=0 EXIT_STATUS=null PHASES='' OUTPUT='' USER_ID=''

now() { NOW=$((\${EPOCHREALTIME/./} / 1000)); } # milliseconds since 1970

# The script gives up a little before the watchdog bites, so that it can say why.
now
LIMIT=boot-deadline LIMIT_AT=$((NOW + BOOT_DEADLINE_MS - BOOT_REPORT_MS)) # once it listens:
readonly NEXT_LIMIT=lifetime-over NEXT_LIMIT_AT=$((NOW + LIFETIME_MS - LIFE_REPORT_MS))

phase() { # phase NAME: remembers when it was first reached
  now
  [[ $PHASES == *"'$1'"* ]] || PHASES+="\${PHASES:+,}'$1':$NOW"
  echo "mayfly: $1"
}

fail() { # fail CODE: never from a subshell, which could not set CODE
  CODE=$1 LINE=\${BASH_LINENO[0]}
  exit 1
}

check_clock() { # check_clock [CODE]: gives up when the limit is reached
  now
  ((NOW < LIMIT_AT)) || fail "\${1:-$LIMIT}"
}

on_error() { # on_error LINE: in a subshell it only ends that; the line that waits for it then fails too
  ((BASH_SUBSHELL)) || LINE=$1
  exit 1
}

finish() { # also after a signal: the watchdog's poweroff sends SIGTERM
  trap - ERR EXIT
  set +eu
  phase ended
  if [[ $CODE == boot-error ]] && ((NOW >= LIMIT_AT)); then CODE=$LIMIT; fi
  echo "mayfly: $CODE (line $LINE, runner's exit status $EXIT_STATUS)"
  [[ -z $USER_ID ]] || report
  power_off
}

trap 'on_error "$LINENO"' ERR
trap finish EXIT
phase started
`;
