import { bash } from './bash.ts';
import { type RunnerTimes, seconds } from './times.ts';

/** The scripts that the official tarball has in its root folder and people call, with their exit codes. */

/** Starts `run-helper.sh` again as long as it says 2. Its own exit code says nothing but 7: version deprecated. */
export const runScript = bash`#!/bin/bash
cd "\${BASH_SOURCE[0]%/*}" || exit 1

# With RUNNER_MANUALLY_TRAP_SIG a signal ends the whole group. Without, as with the official one, it ends run.sh alone.
run_helper() {
  if [[ \${RUNNER_MANUALLY_TRAP_SIG-} ]]; then
    set -m
    ./run-helper.sh "$@" &
    helper=$!
    set +m
    trap 'kill -INT -- "-$helper" 2>/dev/null; caught=130' INT
    trap 'kill -INT -- "-$helper" 2>/dev/null; caught=143' TERM
    while kill -0 "$helper" 2>/dev/null; do wait "$helper"; code=$?; done
    [[ $caught ]] && exit "$caught"
  else
    ./run-helper.sh "$@"
    code=$?
  fi
}

caught=''
while true; do
  cp -f run-helper.sh.template run-helper.sh
  run_helper "$@"
  case $code in
    2) echo 'The listener is started again.' ;;
    7) exit 7 ;;
    *) exit 0 ;;
  esac
done
`;

/** Runs the listener once and explains its exit code. */
export const runHelperScript = (times: RunnerTimes) => bash`#!/bin/bash
if ((EUID == 0)) && [[ ! \${RUNNER_ALLOW_RUNASROOT-} ]]; then
  echo 'Must not run interactively with sudo'
  exit 1
fi
cd "\${BASH_SOURCE[0]%/*}" || exit 1
./bin/Runner.Listener run "$@"
code=$?
case $code in
  0) echo 'Runner listener exit with code 0: done.' ;;
  1) echo 'Runner listener exit with code 1: terminated, not to be started again.' ;;
  2)
    echo 'Runner listener exit with code 2: it is started again soon.'
    ./safe_sleep.sh ${seconds(times.relaunchMs)}
    exit 2
    ;;
  5) echo 'Runner listener exit with code 5: another session of this runner is open.' ;;
  7)
    echo 'Runner listener exit with code 7: GitHub refuses this version.'
    exit 7
    ;;
  *) echo "Runner listener exit with code $code, which has no meaning." ;;
esac
`;

/** The stand-in knows JIT configs only; what is left for `config.sh` is to forget one. */
export const configScript = bash`#!/bin/bash
if ((EUID == 0)) && [[ ! \${RUNNER_ALLOW_RUNASROOT-} ]]; then
  echo 'Must not run interactively with sudo' >&2
  exit 1
fi
cd "\${BASH_SOURCE[0]%/*}" || exit 1
if [[ "$*" == 'remove --local' ]]; then
  exec rm -f .runner .credentials .credentials_rsaparams
fi
echo 'This stand-in can not register itself: start run.sh with ACTIONS_RUNNER_INPUT_JITCONFIG.' >&2
exit 1
`;

/** Keeps PATH and a few variables of the shell it is called from for the jobs. */
export const envScript = bash`#!/bin/bash
cd "\${BASH_SOURCE[0]%/*}" || exit 1
printf '%s\n' "$PATH" >.path
for name in LANG JAVA_HOME ANT_HOME M2_HOME ANDROID_HOME GRADLE_HOME NVM_BIN NVM_PATH LD_LIBRARY_PATH PERL5LIB; do
  [[ \${!name-} ]] && printf '%s=%s\n' "$name" "\${!name}" >>.env
done
exit 0
`;

/** Sleeps without needing a program. */
export const safeSleepScript = bash`#!/bin/bash
exec {never}<> <(:)
read -rt "$1" -u "$never"
exit 0
`;

/** Everything that the stand-in needs is on each supported image; the official one's libraries are not its concern. */
export const installDependenciesScript = bash`#!/bin/bash
missing=''
for tool in base64 cat curl env grep mkdir rm; do
  type -P "$tool" >/dev/null || missing+=" $tool"
done
[[ ! $missing ]] || { echo "Missing:$missing" >&2; exit 1; }
echo 'Nothing to install.'
`;
