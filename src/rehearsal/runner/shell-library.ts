import { bash } from './bash.ts';

/**
 * What Runner.Listener and Runner.Worker share. Needs `service_url` and `client_id`. Leaves the script in the runner's folder.
 * Results come in variables, because every `$(...)` is a process and fifty runners share one machine.
 */
export const shellLibrary = bash`
cd "\${BASH_SOURCE[0]%/*}/.." || exit 1

# open_pipe: makes a pipe without a name, with its ends in read_end and write_end.
open_pipe() {
  local both
  exec {both}<> <(:)
  # shellcheck disable=SC2034 # Not each caller writes.
  exec {read_end}<"/dev/fd/$both" {write_end}>"/dev/fd/$both" {both}>&-
}

# pause SECONDS: sleeps without a process. Nobody writes into that pipe.
open_pipe
idle=$read_end
pause() { read -rt "$1" -u "$idle"; }

now_ms() { REPLY=$((\${EPOCHREALTIME/[.,]/} / 1000)); }

# say TEXT: a line with a time, as the official runner prints it.
say() { TZ=UTC printf '%(%F %T)TZ: %s\n' -1 "$1"; }

# ask METHOD PATH SECONDS [CURL OPTION LINE]...: one request. The first line of the reply is in outcome (unreachable
# when there is none), the others, which are assignments, are in answer. The id goes through stdin: argv is public.
ask() {
  local method=$1 path=$2 limit=$3 config reply text='' IFS=$'\n'
  shift 3
  config="url = \"$service_url/$path\"
request = $method
header = \"Authorization: Bearer $client_id\"
connect-timeout = 5
max-time = $limit
write-out = \"\\n%{exitcode}\"
$*"
  exec {reply}< <(exec curl --silent --show-error --config - <<<"$config")
  curl_pid=$!
  IFS= read -r -d '' -u "$reply" text
  exec {reply}<&-
  # Not by wait: it loses the status of a substituted process that ends just then (bash 5.2).
  [[ $text == *$'\n'0 ]] || text=unreachable
  text=\${text%$'\n'0}
  outcome=\${text%%$'\n'*}
  answer=\${text#"$outcome"}
}
`;
