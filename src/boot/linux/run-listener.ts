import { bash } from './bash';

export const runListener = bash`
# ---- listener
RAN_JOB='' IDLE_AT=''

note_marker() { # note_marker TEXT: the markers say more than the exit status
  case $1 in
    [0-9]*Z:\ Listening\ for\ Jobs*)
      if [[ $PHASES != *listening* ]]; then # else it was launched again: the idle time runs on
        systemctl stop mayfly-boot-deadline.timer
        phase listening
        IDLE_AT=$((NOW + IDLE_MS))
        limit idle-over $((IDLE_AT + IDLE_GRACE_MS))
        CODE=listening report || true
      fi ;;&
    [0-9]*Z:\ Running\ job:\ *)
      if [[ ! $RAN_JOB ]]; then
        RAN_JOB=yes IDLE_AT=''
        limit lifetime-over "$LIFE_END"
        phase job
      fi ;;&
    [0-9]*Z:\ Job\ *\ completed\ with\ result:\ *) # not yet told to GitHub: wait for the exit
      [[ $PHASES == *completed* ]] || phase completed ;;
  esac
}

# The control plane then deletes the runner at GitHub: that ends the listener, unless it has just got a job.
ask_to_end() {
  if [[ $IDLE_AT ]] && ((NOW >= IDLE_AT)); then
    IDLE_AT=''
    phase idle
    CODE=idle report || true
  fi
}

run_listener() { # sets STATUS
  local output line part='' status=0 end="exit $SRANDOM:"
  # What the job leaves behind is killed at once: a process that outlived SIGTERM would turn the exit status into 1.
  # OOMPolicy: a step that takes all memory is killed, not the runner with it.
  # The exit status comes with the output: wait loses that of a substituted process that ends just then (bash 5.2).
  exec {output}< <(
    systemd-run --quiet --wait --pipe --collect --uid=runner --unit=mayfly-runner \
      -p KillMode=control-group -p KillSignal=SIGKILL -p TimeoutStopSec=5s -p OOMPolicy=continue \
      -p WorkingDirectory="$RUNNER" --setenv=ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1 \
      "$RUNNER/bin/Runner.Listener" run 2>&1 || status=$?
    printf '\n%s%s.\n' "$end" "$status"
  )
  STATUS=137 # unless that shell lives to tell it
  while :; do
    status=0
    IFS= read -r -t "$POLL_S" -u "$output" line || status=$?
    # When its time is over, read has taken a part of a line, or all of it: bash then loses the newline.
    part+=$line
    [[ ! $part ]] || note_marker "$part"
    if [[ $part =~ "$end"([0-9]+)\. ]]; then
      STATUS=\${BASH_REMATCH[1]}
      break
    fi
    if ((status == 0)); then
      echo "$part"
      part=''
    fi
    ((status == 0 || status > 128)) || break # end of output
    check_clock
    ask_to_end
  done
  exec {output}<&-
}

await_update() {
  local file="$RUNNER/update.finished"
  timeout "\${UPDATE_WAIT_MS}e-3" bash -c "until [[ -e $file ]]; do sleep $POLL_S; done" || true
  rm -f "$file"
}

RELAUNCHES=0
while run_listener; ((STATUS >= 2 && STATUS <= 4)); do
  ((++RELAUNCHES <= 3)) || fail listener-failed
  if ((STATUS == 2)); then sleep "$RELAUNCH_S"; else await_update; fi
done
# systemd stops the runner before this script.
[[ $(systemctl is-system-running) != stopping ]] || fail second-boot
((STATUS != 7)) || fail version-deprecated
((STATUS == 0)) || fail listener-failed
[[ $RAN_JOB ]] || fail no-job
CODE='done'
`;
