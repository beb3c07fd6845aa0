import { bash } from './bash.ts';
import { shellLibrary } from './shell-library.ts';
import { type RunnerTimes, seconds } from './times.ts';

/** `bin/Runner.Listener`: connects, waits for a job, starts a worker for it. Its exit codes are the official ones. */
export const listener = (version: string, times: RunnerTimes) => bash`#!/bin/bash
# The stand-in for GitHub's Runner.Listener. Exit codes: 0 done, 1 terminated, 2 may be started again, 5 session conflict.
set -u
version='${version}'
${shellLibrary}
worker_pid='' stopping='' curl_pid='' job_path=''
# Assigned by what the service replies.
session_id='' job_id='' job_name='' job_repository='' job_timeout_ms=''

main() {
  case \${1-} in
    run) run ;;
    --version) echo "$version" ;;
    warmup) echo 'Nothing to warm up.' ;;
    *)
      echo "usage: \${0##*/} run | warmup | --version" >&2
      return 1
      ;;
  esac
}

run() {
  [[ -d _diag ]] || mkdir _diag
  load_environment
  if [[ \${ACTIONS_RUNNER_INPUT_JITCONFIG-} ]]; then
    (unpack_jit_config "$ACTIONS_RUNNER_INPUT_JITCONFIG") || terminate 'The JIT config can not be read.'
    unset ACTIONS_RUNNER_INPUT_JITCONFIG
  fi
  read_settings || terminate 'Not configured: .runner or .credentials is missing or broken.'
  trap stop_idle INT TERM
  open_session
  printf '\n√ Connected to GitHub\n\nCurrent runner version: %s\n' "'$version'"
  say 'Listening for Jobs'
  listen
}

terminate() {
  printf '%s\n' "$1" >&2
  exit 1
}

# .env holds NAME=value lines, .path the PATH of those who set the machine up.
load_environment() {
  local line
  [[ -r .path ]] && IFS= read -r line <.path && [[ $line ]] && export PATH="$line"
  [[ -r .env ]] || return 0
  while IFS= read -r line || [[ $line ]]; do
    [[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] && export "\${line%%=*}=\${line#*=}"
  done <.env
}

# The blob is base64 of {"file name": "base64 of the file"}.
unpack_jit_config() {
  local json pattern='"(\.[a-z_]+)"[[:space:]]*:[[:space:]]*"([A-Za-z0-9+/=]*)"(.*)'
  umask 077
  json=$(base64 -d <<<"$1" 2>/dev/null) || return 1
  while [[ $json =~ $pattern ]]; do
    json=\${BASH_REMATCH[3]}
    base64 -d <<<"\${BASH_REMATCH[2]}" >"\${BASH_REMATCH[1]}" || return 1
  done
}

# field NAME JSON: the value of a string, number or boolean, whatever the case of its name, in REPLY.
field() {
  local pattern="\"$1\"[[:space:]]*:[[:space:]]*\"?([^\",}]*)"
  shopt -s nocasematch
  [[ $2 =~ $pattern ]] && REPLY=\${BASH_REMATCH[1]} || REPLY=''
  shopt -u nocasematch
}

read_settings() {
  local settings credentials
  [[ -r .runner && -r .credentials ]] || return 1
  settings=$(<.runner) credentials=$(<.credentials)
  field AgentName "$settings" && runner_name=$REPLY
  field ServerUrlV2 "$settings" && service_url=\${REPLY%/}
  field WorkFolder "$settings" && work_folder=\${REPLY:-_work}
  field Ephemeral "$settings" && ephemeral=\${REPLY,,}
  # A variable that came with the environment would be passed on to the job.
  unset -v client_id
  field ClientId "$credentials" && client_id=$REPLY
  [[ $service_url && $client_id ]]
}

open_session() {
  local conflicts=0
  failures=0
  while true; do
    ask POST sessions 30 "header = \"Runner-Version: $version\""
    case $outcome in
      ok)
        eval "$answer"
        failures=0
        return
        ;;
      conflict)
        echo 'A session for this runner already exists.' >&2
        ((conflicts++ < ${times.conflictRetries})) || exit 5
        pause ${seconds(times.conflictRetryMs)}
        ;;
      deleted | unauthorized)
        terminate 'Failed to create a session. The runner registration has been deleted from the server.'
        ;;
      *) survive_silence ;;
    esac
  done
}

# Code 2 after too many failures in a row: run.sh starts the listener again.
survive_silence() {
  ((++failures < ${times.unreachableTries})) || exit 2
  pause ${seconds(times.unreachableRetryMs)}
}

listen() {
  while true; do
    ask GET "sessions/$session_id/message" 65
    case $outcome in
      job)
        eval "$answer"
        failures=0
        take_job
        ;;
      none) failures=0 ;;
      deleted | unauthorized)
        echo 'The runner no longer exists on the server. Cleaning up local configuration.'
        forget_registration
        exit 0
        ;;
      *) survive_silence ;;
    esac
  done
}

take_job() {
  trap stop_job INT TERM
  job_path="sessions/$session_id/jobs/$job_id"
  ask POST "$job_path/acquire" 30 'retry = 2' 'retry-all-errors'
  if [[ $outcome == ok ]]; then
    eval "$answer"
    run_job
    [[ $ephemeral == true || $stopping ]] && leave
  else
    # Cancelled, or given to another. The pause keeps a service that offers it again from being asked without end.
    job_path=''
    echo 'The job is gone.'
    pause 1
    [[ $stopping ]] && leave
  fi
  trap stop_idle INT TERM
  say 'Listening for Jobs'
}

run_job() {
  say "Running job: \${job_name//$'\n'/ }"
  # Everything that the job starts inherits the tracking id, and is found by it when the job is over.
  printf -v tracking_id 'mayfly_%08x%08x' "$SRANDOM" "$SRANDOM"
  set -m
  RUNNER_TRACKING_ID=$tracking_id bin/Runner.Worker <<<"\${service_url@A}
\${client_id@A} \${job_path@A} \${job_name@A} \${job_repository@A} \${job_timeout_ms@A}
\${runner_name@A} \${work_folder@A}" &
  worker_pid=$!
  set +m
  [[ $stopping ]] && kill -TERM "$worker_pid"
  await_worker || {
    say "Job \${job_name//$'\n'/ } completed with result: Failed"
    ask POST "$job_path/finish" 10 'form = "end=cancelled"'
  }
  worker_pid=''
  kill_leftovers
}

# A signal ends wait, but not the worker. False: it did not finish its job.
await_worker() {
  local code
  while true; do
    wait "$worker_pid" 2>/dev/null
    code=$?
    kill -0 "$worker_pid" 2>/dev/null || break
  done
  return "$code"
}

kill_leftovers() {
  local file pids=()
  while IFS= read -r file; do
    file=\${file%/environ}
    pids+=("\${file##*/}")
  done < <(grep -lsF "RUNNER_TRACKING_ID=$tracking_id" /proc/[0-9]*/environ)
  ((\${#pids[@]} == 0)) || kill -KILL "\${pids[@]}" 2>/dev/null
}

leave() {
  ask DELETE "sessions/$session_id" 5
  [[ $ephemeral == true && $job_path ]] && forget_registration
  exit 0
}

forget_registration() { rm -f .runner .credentials .credentials_rsaparams; }

# Signal handlers. Idle: the registration stays, as nothing was run.
stop_idle() {
  trap '' INT TERM
  echo 'Exiting...'
  [[ $curl_pid ]] && kill "$curl_pid" 2>/dev/null
  [[ $session_id ]] && ask DELETE "sessions/$session_id" 5
  exit 0
}

# In a job: the worker cancels it. The second signal ends it hard.
stop_job() {
  if [[ $worker_pid && $stopping ]]; then
    kill -KILL -- "-$worker_pid" 2>/dev/null
  elif [[ $worker_pid ]]; then
    kill -TERM "$worker_pid" 2>/dev/null
  fi
  stopping=yes
}

main "$@"
`;
