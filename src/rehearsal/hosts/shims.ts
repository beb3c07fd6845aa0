/**
 * Stand-ins for what a process can not have: users, units and a power switch. They lie first on the instance's PATH.
 * POSIX sh, and no more processes than needed: fifty instances may boot at once.
 */
export interface ShimInput {
  /** Folder for the pids of the boot script (`boot.pid`) and of the timers. */
  readonly stateDir: string;
  /** PATH without the shims. */
  readonly path: string;
}

/** Text of each shim by its name. */
export function renderShims({ stateDir, path }: ShimInput): Readonly<Record<string, string>> {
  return {
    useradd: `#!/bin/sh\n# The runner's user is whoever runs the rehearsal.\nexit 0\n`,
    chown: chown(quote(path)),
    systemctl: systemctl(quote(stateDir)),
    poweroff: `#!/bin/sh\nexec ${quote(`${stateDir}/bin/systemctl`)} poweroff\n`,
    snap: '#!/bin/sh\n# The updates of this machine are not ours to hold back.\nexit 0\n',
    runuser: `#!/bin/sh\n# -u runner -- COMMAND: as the same user.\nshift 3\nexec "$@"\n`,
    'systemd-run': systemdRun(quote(stateDir)),
  };
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const chown = (path: string) => `#!/bin/sh
# Giving files to the runner's user changes nothing here; anything else is the real chown's.
for word; do [ "$word" = runner: ] && exit 0; done
PATH=${path}
exec chown "$@"
`;

const systemctl = (stateDir: string) => `#!/bin/sh
# Poweroff ends the boot script, and with it the instance. A timer can be stopped. The rest is of no consequence here.
state=${stateDir}
for word; do unit=$word; done
case " $* " in
  *' poweroff '*) kill -KILL "$(cat "$state/boot.pid")" ;;
  *' stop '*) [ ! -e "$state/$unit" ] || kill "$(cat "$state/$unit")" ;;
esac
exit 0
`;

const systemdRun = (stateDir: string) => `#!/bin/sh
# --on-active: runs the command later. Otherwise (--wait --pipe): becomes the command. As the same user either way.
state=${stateDir}
delay=''
unit=''
while [ $# -gt 0 ]; do
  case $1 in
    --on-active=*ms) delay=\${1#*=} delay=\${delay%ms} ;;
    --unit=*) unit=\${1#*=} ;;
    --setenv=*) export "\${1#*=}" ;;
    -p)
      case $2 in WorkingDirectory=*) cd "\${2#*=}" || exit 1 ;; esac
      shift ;;
    -*) ;;
    *) break ;;
  esac
  shift
done
[ -n "$delay" ] || exec "$@"
rest=$((delay % 1000 + 1000))
(sleep "$((delay / 1000)).\${rest#1}" && exec "$@") >/dev/null 2>&1 &
echo $! >"$state/$unit.timer"
`;
