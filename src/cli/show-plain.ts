/** Lines of text, one for each phase that a job reaches: for logs, pipes and `--output`. */
import type { FaultStory, Faults } from '../rehearsal/faults/faults.ts';
import type { Report } from '../rehearsal/rehearse.ts';
import type { JobStory, Step } from '../rehearsal/timeline.ts';
import type { World } from '../rehearsal/world.ts';
import { printable } from './printable.ts';
import { describeFault, describeStep, renderEnd, renderInvitation, renderOpened, seconds } from './render-report.ts';
import type { Show } from './show.ts';

export interface PlainOptions {
  /** Print what the jobs printed. */
  readonly output: boolean;
  /** Say how to send an event of one's own. */
  readonly keepOpen: boolean;
}

export function showPlain(out: { write(text: string): unknown }, { output, keepOpen }: PlainOptions): Show {
  const print = (text: string) => void out.write(`${text}\n`);
  let startedAt = Date.now();
  return {
    opened: (world: World, faults: Faults | undefined) => {
      startedAt = Date.now();
      print(renderOpened(world, faults));
      if (keepOpen) print(renderInvitation(world));
    },
    step: (step: Step) =>
      print(
        `${seconds(step.at - startedAt).padStart(8)}  ${step.phase.padEnd(10)}  ${printable(step.job.name)}${describeStep(step)}`,
      ),
    note: (text: string) => print(`${seconds(Date.now() - startedAt).padStart(8)}  ! ${printable(text)}`),
    fault: (story: FaultStory) =>
      print(`${seconds(Date.now() - startedAt).padStart(8)}  * ${printable(describeFault(story))}`),
    jobLog: (job: JobStory, text: string) => {
      if (!output || text === '') return;
      for (const line of text.split('\n')) print(`          | ${printable(`${job.name}: ${line}`)}`);
    },
    end: (report: Report) => print(renderEnd(report)),
  };
}
