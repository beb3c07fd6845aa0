/** `--json`: one document on stdout, nothing else. Times are milliseconds: of jobs since they were created at GitHub, of faults since the start. */
import type { FaultStory } from '../rehearsal/faults/faults.ts';
import type { Report } from '../rehearsal/rehearse.ts';
import type { JobStory, Phase } from '../rehearsal/timeline.ts';
import { renderInvitation } from './render-report.ts';
import type { Show } from './show.ts';

const NAMES: Record<Phase, string> = {
  queued: 'queuedMs',
  launched: 'launchedMs',
  booting: 'bootedMs',
  registered: 'registeredMs',
  running: 'startedMs',
  done: 'completedMs',
  terminated: 'terminatedMs',
};

interface Output {
  write(text: string): unknown;
}

/** `aside`: where the invitation goes when it stays open (stderr). */
export function showJson(out: Output, aside: Output, keepOpen: boolean): Show {
  return {
    opened: (world) => {
      if (keepOpen) aside.write(`${renderInvitation(world)}\n`);
    },
    step: () => {},
    jobLog: () => {},
    note: () => {},
    fault: () => {},
    end: (report) => void out.write(`${JSON.stringify(toJson(report))}\n`),
  };
}

export const toJson = ({ jobs, leftovers, faults, openedAt }: Report) => ({
  jobs: jobs.map((job) => ({
    id: job.id,
    labels: job.labels,
    conclusion: job.conclusion ?? null,
    phases: phasesOf(job),
  })),
  ...(faults ? { faults: faults.map((fault) => faultOf(fault, openedAt)) } : {}),
  leftovers,
});

/** Null: it did not strike, or not heal. */
const faultOf = ({ name, struck, healed }: FaultStory, openedAt: number) => ({
  name,
  struck: struck?.how ?? null,
  struckMs: struck ? struck.at - openedAt : null,
  healed: healed?.how ?? null,
  healedMs: healed ? healed.at - openedAt : null,
});

/** Null: not reached. */
const phasesOf = (job: JobStory) =>
  Object.fromEntries(
    Object.entries(NAMES).map(([phase, name]) => {
      const at = job.times[phase as Phase];
      return [name, at === undefined ? null : at - job.createdAt];
    }),
  );
