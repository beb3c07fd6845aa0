import { bash } from './bash.ts';
import { shellLibrary } from './shell-library.ts';
import { type RunnerTimes, seconds } from './times.ts';

/** More output of a job than this is not kept. */
const MAX_LOG_KIB = 1024;

/** `bin/Runner.Worker`: runs one job, which the listener hands over on stdin. Exit 0: the service knows how it ended. */
export const worker = (times: RunnerTimes) => bash`#!/bin/bash
# The stand-in for GitHub's Runner.Worker: the steps of one job, one after the other. Whatever may take long is waited
# for in wait_for_step, which looks at the deadlines, at a cancelled job and at signals.
set -u
# A variable that came with the environment would be passed on to the steps.
unset -v client_id handover
IFS= read -r -d '' handover
exec </dev/null
# Assigned by the listener.
service_url='' client_id='' job_path='' job_name='' job_repository='' job_timeout_ms='' runner_name='' work_folder=''
eval "$handover"
# Assigned by what the service replies: a step.
step_number='' step_name='' step_script='' step_shell='' step_shell_named='' step_directory='' step_timeout_ms=''
step_enter=''
${shellLibrary}
exec 2>>"_diag/Worker_$$.log"
listener_pid=$PPID
cancelled='' end=ran failed='' hook_code=0 untold_failure='' patience=30 result=()
trap 'end=cancelled patience=5' INT TERM
trap 'cancelled=yes' USR1
trap 'end=gone' USR2

main() {
  now_ms
  job_deadline_ms=$((REPLY + job_timeout_ms))
  prepare_folders
  prepare_environment
  set -m
  watch_job &
  watcher_pid=$!
  set +m
  run_hook "\${ACTIONS_RUNNER_HOOK_JOB_STARTED-}"
  run_steps
  run_hook "\${ACTIONS_RUNNER_HOOK_JOB_COMPLETED-}"
  kill -KILL -- "-$watcher_pid" 2>/dev/null
  finish
}

prepare_folders() {
  local name=\${job_repository##*/}
  [[ $work_folder == /* ]] || work_folder=$PWD/$work_folder
  temp=$work_folder/_temp
  project=$work_folder/$name
  workspace=$project/$name
  tool_cache=\${RUNNER_TOOL_CACHE:-$work_folder/_tool}
  # Not in _temp, which jobs clean. The names of these files are relative, so that what curl reads needs no quoting.
  local files=$work_folder/_commands
  rm -rf -- "$temp" "$files"
  mkdir -p -- "$workspace" "$tool_cache" "$temp" "$files"
  cd "$files" || exit 1
  : >job_log
  exec {log}<job_log
}

prepare_environment() {
  local owner=\${job_repository%%/*} name=\${job_repository##*/} arch=X64
  [[ $HOSTTYPE == aarch64 ]] && arch=ARM64
  export HOME=\${HOME-~} CI=true GITHUB_ACTIONS=true GITHUB_REPOSITORY=$job_repository GITHUB_REPOSITORY_OWNER=$owner
  # What a step may not change. It is applied after the step's own environment, as text: see enter_step.
  runner_environment="export RUNNER_NAME=\${runner_name@Q} RUNNER_OS=Linux RUNNER_ARCH=$arch
export RUNNER_ENVIRONMENT=self-hosted RUNNER_TEMP=\${temp@Q} RUNNER_TOOL_CACHE=\${tool_cache@Q}
export RUNNER_WORKSPACE=\${project@Q} GITHUB_WORKSPACE=\${workspace@Q} RUNNER_TRACKING_ID=$RUNNER_TRACKING_ID
export GITHUB_EVENT_PATH=\${PWD@Q}/event.json GITHUB_ENV=\${PWD@Q}/env GITHUB_OUTPUT=\${PWD@Q}/output
export GITHUB_PATH=\${PWD@Q}/path GITHUB_STEP_SUMMARY=\${PWD@Q}/summary"
  printf '{"repository":{"name":"%s","full_name":"%s","owner":{"login":"%s"}}}\n' "$name" "$job_repository" "$owner" \
    >event.json
}

# Beside the job: renews its lock, and signals the worker when it must stop. Ends with the worker.
watch_job() {
  while kill -0 "$$" 2>/dev/null; do
    ask GET "$job_path/watch" 65
    case $outcome in
      go-on) ;;
      cancelled)
        kill -USR1 "$$"
        return
        ;;
      gone | deleted)
        kill -USR2 "$$"
        return
        ;;
      *) pause ${seconds(times.unreachableRetryMs)} ;;
    esac
  done
}

# A hook is a step of the runner's own. After a failed one no step is run: each one given fails with the hook's code.
run_hook() {
  [[ $1 && $end == ran ]] || return 0
  step_number='' step_name=$1 step_enter='' step_directory='' step_timeout_ms=$job_timeout_ms
  run_step /bin/bash -e "$1"
  ((exit_code == 0)) || hook_code=$exit_code failed=yes untold_failure=yes
  send_unsent
}

run_steps() {
  while [[ $end == ran ]]; do
    cancelled=''
    ask POST "$job_path/next" 30 'retry = 2' 'retry-all-errors' "\${result[@]}"
    result=()
    case $outcome in
      step)
        eval "$answer"
        [[ $end == ran ]] || return
        if ((hook_code != 0)); then
          exit_code=$hook_code timed_out='' untold_failure=''
        else
          run_script
        fi
        ((exit_code == 0)) || failed=yes
        describe_result
        ;;
      done) return ;;
      cancelled | gone) end=$outcome ;;
      *) end=gone ;;
    esac
  done
}

run_script() {
  local script=$temp/step_$step_number.sh
  [[ -d $temp ]] || mkdir -p -- "$temp"
  printf '%s\n' "$step_script" >"$script"
  case $step_shell$step_shell_named in
    bash) run_step /bin/bash -e "$script" ;;
    bashyes) run_step /bin/bash --noprofile --norc -eo pipefail "$script" ;;
    *) run_step /bin/sh -e "$script" ;;
  esac
}

# What goes with the next request. A job may have removed its files, or put others in their places.
describe_result() {
  local file
  for file in env output path; do
    [[ -f $file ]] || { rm -rf "$file" && : >"$file"; }
  done
  result=("form = \"number=$step_number\"" "form = \"exitCode=$exit_code\"" "form = \"timedOut=$timed_out\""
    'form = "env=<env"' 'form = "output=<output"' 'form = "path=<path"' 'form = "log=@unsent"')
}

# run_step COMMAND...: runs it in a process group of its own. Leaves exit_code and timed_out, and the output that was
# not sent yet in the file unsent.
run_step() {
  local read_end write_end output file
  now_ms
  timed_out='' deadline_ms=$((REPLY + step_timeout_ms))
  ((deadline_ms <= job_deadline_ms)) || deadline_ms=$job_deadline_ms
  for file in env output path summary unsent; do : >"$file"; done
  open_pipe
  exec {output}> >(collect_output >&"$write_end")
  exec {write_end}>&-
  set -m
  enter_step "$@" >&"$output" 2>&1 &
  step_pid=$!
  set +m
  exec {output}>&-
  wait_for_step "$read_end"
  exec {read_end}<&-
  explain_end
  collect_unsent
}

enter_step() {
  exec {output}>&- {read_end}<&- {idle}<&- {log}<&-
  trap - INT TERM USR1 USR2
  cd -- "$workspace" && cd -- "\${step_directory:-.}" || exit 1
  eval "$step_enter$runner_environment"
  exec "$@"
}

# Appends to the job's log as it comes. Beyond the limit cat fails, and the rest is let through, so that no step blocks.
# The worker sees the end of its pipe (fd 3) when the output has ended.
collect_output() {
  exec 3>&1 2>/dev/null
  trap '' XFSZ
  ulimit -S -f ${MAX_LOG_KIB}
  cat >>job_log && return
  ulimit -S -f unlimited
  printf '\n##[warning]The log of the job is cut at ${MAX_LOG_KIB} KiB.\n' >>job_log
  exec cat >/dev/null
}

# wait_for_step ENDED: until the step has ended. Its output ends with it, unless a process left behind keeps it open.
wait_for_step() {
  local ended=$1 signals=(INT TERM KILL) signal_due_ms=0 nap_ms=5
  while kill -0 "$step_pid" 2>/dev/null; do
    rest
    now_ms
    if must_stop "$REPLY" && ((REPLY >= signal_due_ms)); then
      ((\${#signals[@]} > 0)) || break
      kill "-\${signals[0]}" -- "-$step_pid" 2>/dev/null
      signals=("\${signals[@]:1}") signal_due_ms=$((REPLY + ${times.stopGraceMs}))
    fi
    send_output
  done
  exit_code=137
  kill -0 "$step_pid" 2>/dev/null || { wait "$step_pid" && exit_code=0 || exit_code=$?; } 2>/dev/null
  ((signal_due_ms == 0)) || kill -KILL -- "-$step_pid" 2>/dev/null
  # The last output is on its way to the log.
  [[ ! $ended ]] || IFS= read -rt 0.2 -u "$ended"
}

# A tick, cut short by the end of the output. After that: naps, as the step is about to end (or has closed its output).
rest() {
  if [[ $ended ]]; then
    IFS= read -rt ${seconds(times.tickMs)} -u "$ended"
    (($? != 1)) || ended=''
  else
    printf -v REPLY '%d.%03d' $((nap_ms / 1000)) $((nap_ms % 1000))
    pause "$REPLY"
    nap_ms=$((nap_ms * 2 < ${times.tickMs} ? nap_ms * 2 : ${times.tickMs}))
  fi
}

# must_stop NOW: the job was cancelled, the listener is gone, or the time is over.
must_stop() {
  kill -0 "$listener_pid" 2>/dev/null || end=cancelled
  if [[ $end == ran && ! $cancelled && ! $timed_out ]]; then
    (($1 >= deadline_ms)) || return 1
    timed_out=yes
    (($1 < job_deadline_ms)) || end=timed-out
  fi
}

explain_end() {
  if [[ $timed_out ]]; then
    printf '##[error]%s has timed out.\n' "$step_name"
  elif [[ $end != ran || $cancelled ]]; then
    printf '##[error]The operation was canceled.\n'
  elif ((exit_code != 0)); then
    printf '##[error]Process completed with exit code %d.\n' "$exit_code"
  fi >>job_log
}

# Takes what came into the log since, without a process: bash reads a regular file fast, and a pipe byte by byte.
collect_unsent() {
  local piece=''
  LC_ALL=C IFS= read -r -N 4000000 -u "$log" piece
  printf '%s' "$piece" >unsent
}

send_output() {
  collect_unsent
  send_unsent
}

send_unsent() {
  [[ -s unsent ]] || return 0
  ask POST "$job_path/log" 10 'data-binary = "@unsent"'
  : >unsent
}

finish() {
  local word=Canceled
  [[ $end == ran ]] && word=Succeeded
  [[ $end == ran && $failed ]] && word=Failed
  # The service knows steps only. A hook that no step could fail for must not leave the job a success.
  [[ $end == ran && $untold_failure ]] && end=cancelled
  say "Job \${job_name//$'\n'/ } completed with result: $word"
  [[ $end == gone ]] || ask POST "$job_path/finish" "$patience" 'retry = 1' 'retry-all-errors' "form = \"end=$end\"" "\${result[@]}"
  exit 0
}

main
`;
