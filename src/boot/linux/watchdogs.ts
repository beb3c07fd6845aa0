import { bash } from './bash';

/** First of all: from here on the machine dies, even if nothing below works. */
export const watchdogs = bash`
# ---- watchdogs: whatever happens below, this machine dies
# The job's processes are killed first: one that ignores SIGTERM would hold up the poweroff for 90 s.
readonly POWER_OFF='systemctl kill --signal=KILL mayfly-runner.service; exec systemctl poweroff --force'
power_off() {
  sh -c "$POWER_OFF" 2>/dev/null
  exit 1
}

arm() { # arm NAME MILLISECONDS
  systemd-run --quiet --unit="mayfly-$1" --on-active="$2ms" --timer-property=AccuracySec=1s sh -c "$POWER_OFF" ||
    power_off
}

# User data runs at the first boot only; this unit runs at every later one. /run is empty after a reboot, and without
# that condition systemd would start the unit at this boot too, as a dependency of the runner's.
readonly SECOND_BOOT=mayfly-second-boot.service
readonly UNITS="$ROOT/etc/systemd/system"
if [[ -e $UNITS/$SECOND_BOOT ]]; then
  echo 'mayfly: second-boot'
  power_off
fi
arm lifetime "$LIFETIME_MS"
arm boot-deadline "$BOOT_DEADLINE_MS"
mkdir -p "$ROOT/run" "$UNITS" || power_off
: >"$ROOT/run/mayfly-first-boot" || power_off
cat >"$UNITS/$SECOND_BOOT" <<'UNIT' || power_off
[Unit]
Description=Mayfly: an instance lives for one boot
DefaultDependencies=no
ConditionPathExists=!/run/mayfly-first-boot
[Service]
Type=oneshot
ExecStart=/bin/systemctl poweroff --force
[Install]
WantedBy=sysinit.target
UNIT
systemctl --quiet enable "$SECOND_BOOT" || power_off
`;
