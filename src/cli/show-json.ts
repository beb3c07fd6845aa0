/** `--json`: one document on stdout, nothing else. Times are milliseconds since the job was created at GitHub. */
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
    end: (report) => void out.write(`${JSON.stringify(toJson(report))}\n`),
  };
}

export const toJson = ({ jobs, leftovers }: Report) => ({
  jobs: jobs.map((job) => ({
    id: job.id,
    labels: job.labels,
    conclusion: job.conclusion ?? null,
    phases: phasesOf(job),
  })),
  leftovers,
});

/** Null: not reached. */
const phasesOf = (job: JobStory) =>
  Object.fromEntries(
    Object.entries(NAMES).map(([phase, name]) => {
      const at = job.times[phase as Phase];
      return [name, at === undefined ? null : at - job.createdAt];
    }),
  );
