import { execFileSync } from 'node:child_process';

/** Processes, mounts, cgroups and folders of this machine that carry the name of a run. */
export function tracesOf(run: string): string[] {
  const script = `mount -t cgroup2 cgroup2 /mnt; find /mnt -name "*$0*"; ls /tmp | grep -F -e "$0"
    cat /proc/[0-9]*/cgroup /proc/mounts 2>/dev/null | grep -F -e "$0" || true`;
  const found = execFileSync('unshare', ['--mount', 'sh', '-c', script, run], { encoding: 'utf8' });
  return found.split('\n').filter(Boolean);
}
