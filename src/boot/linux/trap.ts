import { bash } from './bash';

/** Every way out of the script leads through `finish`. */
export const trap = bash`
# ---- trap
CODE=boot-error LINE=0 STATUS=null PHASES='' OUTPUT='' USER_ID=''

now() { NOW=$((\${EPOCHREALTIME/./} / 1000)); } # milliseconds since 1970

# The script gives up a little before the watchdog bites, so that it can say why.
now
LIMIT=boot-deadline LIMIT_AT=$((NOW + BOOT_LIMIT_MS))
readonly LIFE_END=$((NOW + LIFE_LIMIT_MS))

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

limit() { # limit CODE TIME: the limit from now on, unless the lifetime ends before
  LIMIT=lifetime-over LIMIT_AT=$LIFE_END
  (($2 > LIFE_END)) || LIMIT=$1 LIMIT_AT=$2
}

on_error() { # on_error LINE: in a subshell it only ends that; the line that waits for it then fails too
  ((BASH_SUBSHELL)) || LINE=$1
  exit 1
}

finish() { # at most 10 s
  trap - ERR EXIT
  trap '' TERM
  set +eu
  phase ended
  if [[ $CODE == boot-error ]] && ((NOW >= LIMIT_AT)); then CODE=$LIMIT; fi
  echo "mayfly: $CODE (line $LINE, runner's exit status $STATUS)"
  if [[ $USER_ID ]]; then
    report
    upload_logs
  fi
  power_off
}

trap 'on_error "$LINENO"' ERR
trap 'fail second-boot' TERM # somebody shuts the machine down or reboots it
trap finish EXIT
phase started
`;
