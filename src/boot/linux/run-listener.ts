import { bash } from './bash';

export const runListener = bash`
# ---- listener: takes one job; ends with it
RAN_JOB=''

note_marker() { # note_marker LINE: the markers say more than the exit status
  case $1 in
    [0-9]*Z:\ Listening\ for\ Jobs*)
      LIMIT=$NEXT_LIMIT LIMIT_AT=$NEXT_LIMIT_AT
      systemctl stop mayfly-boot-deadline.timer
      phase listening ;;
    [0-9]*Z:\ Running\ job:\ *) RAN_JOB=yes && phase job ;;
    [0-9]*Z:\ Job\ *\ completed\ with\ result:\ *) phase completed ;; # not yet told to GitHub: wait for the exit
  esac
}

run_listener() { # sets EXIT_STATUS
  local output pid line part='' status gone=''
  # What the job leaves behind is killed at once: a process that outlived SIGTERM would turn the exit status into 1.
  # OOMPolicy: a step that takes all memory is killed, not the runner with it.
  exec {output}< <(exec systemd-run --quiet --wait --pipe --collect --uid=runner --unit=mayfly-runner \
    -p KillMode=control-group -p KillSignal=SIGKILL -p TimeoutStopSec=5s -p OOMPolicy=continue \
    -p WorkingDirectory="$RUNNER_DIR" --setenv=ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1 \
    "$RUNNER_DIR/bin/Runner.Listener" run 2>&1)
  pid=$!
  while :; do
    status=0
    IFS= read -r -t "$POLL_S" -u "$output" line || status=$?
    part+=$line
    if ((status == 0)); then
      echo "$part"
      note_marker "$part"
      part=''
    elif ((status < 128)) || [[ $gone ]]; then # < 128: end of output
      break
    else # no line for a while; after its end, one more look for its last lines
      kill -0 "$pid" 2>/dev/null || gone=yes
    fi
    check_clock
  done
  exec {output}<&-
  EXIT_STATUS=0
  wait "$pid" || EXIT_STATUS=$?
}

await_update() {
  local end
  now
  end=$((NOW + UPDATE_WAIT_MS))
  until [[ -e $RUNNER_DIR/update.finished ]] || ((NOW >= end)); do
    sleep "$POLL_S"
    now
  done
  rm -f "$RUNNER_DIR/update.finished"
}

RELAUNCHES=0
while run_listener; ((EXIT_STATUS >= 2 && EXIT_STATUS <= 4)); do
  ((++RELAUNCHES <= 3)) || fail listener-failed
  if ((EXIT_STATUS == 2)); then sleep "$RELAUNCH_S"; else await_update; fi
done
((EXIT_STATUS != 7)) || fail version-deprecated
if ((EXIT_STATUS != 0)) || [[ -z $RAN_JOB ]]; then fail listener-failed; fi
CODE='done'
`;
