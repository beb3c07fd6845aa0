/**
 * The keeper of one machine: a bash in mount, network and process namespaces of its own, in which systemd-nspawn boots
 * the machine. Whatever it mounts or starts vanishes with it; the cgroup alone outlives it, so it removes that itself.
 *
 *   stdin    a line: boot; its end (we stopped it, or we died): kill the machine
 *   stdout   "ready": the network is there; "exit <status>" for each boot's end; "gone": the cgroup is removed
 *
 * Arguments: cgroup's name, root file system, text for the end of /etc/hosts, certificates to trust (PEM).
 */
const KEEPER = String.raw`
set -eu
name=$1 base=$2 hosts=$3 trust=$4
cgroup=/sys/fs/cgroup/$name
exec 3<&0 </dev/null

leave() {
  [ ! -e "$cgroup" ] || echo 1 >"$cgroup/cgroup.kill"
  for _ in $(seq 100); do
    [ -e "$cgroup" ] || { echo gone && exit; }
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
  done
}
trap leave EXIT

# A private /run: systemd-nspawn keeps its state there, and the machine's disk lies there in memory.
mount -t tmpfs -o mode=755,size=8g tmpfs /run
mkdir /run/upper /run/work /run/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=/run/upper,workdir=/run/work" /run/root
[ -z "$hosts" ] || printf '%s\n' "$hosts" >>/run/root/etc/hosts
[ -z "$trust" ] || printf '%s\n' "$trust" >>/run/root/etc/ssl/certs/ca-certificates.crt

# sysfs of the new network; one cgroup hierarchy, also where the host still has the old ones.
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "$cgroup"

# The addresses of the metadata and of the machine are its own: who connects to them reaches a socket that we hold.
ip link set lo up
ip address add 169.254.169.254/32 dev lo
ip address add 10.0.0.10/32 dev lo
echo ready

boot() {
  local status=0
  (
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec systemd-nspawn --quiet --boot --directory=/run/root --machine="$name" \
      --hostname=ip-10-0-0-10 --register=no --keep-unit --capability=CAP_NET_ADMIN --resolv-conf=off --timezone=off \
      --link-journal=no --console=read-only 3<&- 1>&2
  ) || status=$?
  echo "exit $status"
  return "$status"
}

if read -r _ <&3; then
  (
    cat <&3 >/dev/null
    : >/run/stopped
    echo 1 >"$cgroup/cgroup.kill"
  ) &
  # 133 is a reboot: the same disk boots again.
  while status=0; boot || status=$?; [ "$status" = 133 ] && [ ! -e /run/stopped ]; do :; done
fi
`;

/** Program and arguments that start a keeper. */
export const keeperCommand = (name: string, rootfs: string, hosts: string, trust: string): string[] => [
  ...['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'],
  // --norc: bash takes the socket on its stdin for a remote login.
  ...['bash', '--norc', '-c', KEEPER, 'mayfly-keeper', name, rootfs, hosts, trust],
];
