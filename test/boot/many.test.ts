import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ONE_JOB, openRig } from './boot-rig.ts';

const INSTANCES = 50;

test('fifty instances boot at once, and each costs little', async () => {
  const rig = await openRig({ listener: ONE_JOB });
  const ids = Array.from({ length: INSTANCES }, (_, n) => `i-${n}`);
  try {
    await Promise.all(ids.map((id) => rig.give(id)));
    const before = childrenCpuMs();
    for (const id of ids) rig.start(id);
    const ends = await Promise.all(ids.map((id) => rig.ended(id)));
    // With its log, so that one of fifty says why.
    expect(ends.filter(({ report }) => report?.code !== 'done')).toEqual([]);
    // The design allows a boot 1 s of CPU; that is for a runner of 200 MB, here there is none.
    expect((childrenCpuMs() - before) / INSTANCES).toBeLessThan(500);
    expect(rig.host.leftovers()).toEqual({ processes: 0, directories: 0 });
  } finally {
    await rig.close();
  }
});

/** CPU of the children that ended and were waited for: fields 16 and 17 of /proc/PID/stat, in ticks of 10 ms. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}
