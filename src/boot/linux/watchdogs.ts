import { bash } from './bash';

/** First of all: from here on the machine dies, even if nothing below works. */
export const watchdogs = bash`
# ---- watchdogs
# At once, with nothing stopped and nothing written back: a process that ignores SIGTERM would hold up an orderly
# poweroff for 90 s, and the disk dies with the machine.
readonly POWER_OFF='poweroff -f -n; exec systemctl poweroff --force'
power_off() {
  sh -c "$POWER_OFF"
  exit 1
}
trap power_off ERR

arm() { # arm NAME MILLISECONDS
  systemd-run --quiet --unit="mayfly-$1" --on-active="$2ms" --timer-property=AccuracySec=1s sh -c "$POWER_OFF"
}

# User data runs at the first boot only; this unit runs at every later one. /run is empty after a reboot, and without
# that condition systemd would start the unit at this boot too, as a dependency of the runner's.
readonly SECOND_BOOT="$ROOT/etc/systemd/system/mayfly-second-boot.service"
if [[ -e $SECOND_BOOT ]]; then
  echo 'mayfly: second-boot'
  power_off
fi
arm lifetime "$LIFETIME_MS"
arm boot-deadline "$BOOT_DEADLINE_MS"
mkdir -p "$ROOT"/{run,var/tmp,opt/{mayfly,actions-runner},etc/{sudoers.d,systemd/system}}
umask 077 # what is made from here on is root's alone
: >"$ROOT/run/mayfly-first-boot"
cat >"$SECOND_BOOT" <<'UNIT'
[Unit]
DefaultDependencies=no
ConditionPathExists=!/run/mayfly-first-boot
[Service]
Type=oneshot
ExecStart=/bin/systemctl poweroff --force
[Install]
WantedBy=sysinit.target
UNIT
systemctl --quiet enable mayfly-second-boot
`;
