/** On a terminal: one line for each job, redrawn in place as the job moves on. */
import type { Report } from '../rehearsal/rehearse.ts';
import { type JobStory, PHASES, type Phase, type Step } from '../rehearsal/timeline.ts';
import { columnsOf, fitInto, printable } from './printable.ts';
import { describeFault, renderEnd, seconds } from './render-report.ts';
import type { Show } from './show.ts';
import { showPlain } from './show-plain.ts';

export interface Terminal {
  write(text: string): unknown;
  readonly rows?: number;
  readonly columns?: number;
}

const REDRAW_MS = 100;
/** Lines of the screen that are not for jobs. */
const MARGIN_ROWS = 4;
const NAME_WIDTH = 24;
/** What stands beside the name: bars, phase, time, and the longest remarks. */
const OTHER_WIDTH = 52;

/** More jobs than the terminal has rows: their steps are printed as plain lines instead. */
export function showLive(terminal: Terminal, keepOpen: boolean): Show {
  const jobs: JobStory[] = [];
  const lastStep = new Map<string, Step>();
  const plain = showPlain(terminal, { output: false, keepOpen });
  const drawing = { rows: 0, isPlain: false };
  const erase = () => {
    if (drawing.rows > 0) terminal.write(`\x1b[${drawing.rows}A\x1b[J`);
    drawing.rows = 0;
  };
  const draw = () => {
    const lines = jobs.map((job) => renderJob(job, lastStep.get(job.id), terminal.columns ?? 80));
    erase();
    terminal.write(lines.map((line) => `${line}\n`).join(''));
    drawing.rows = lines.length;
  };
  const timer = setInterval(() => !drawing.isPlain && draw(), REDRAW_MS);
  timer.unref();
  return {
    opened: plain.opened,
    step: (step) => {
      if (!lastStep.has(step.job.id)) jobs.push(step.job);
      lastStep.set(step.job.id, step);
      if (!drawing.isPlain && jobs.length > (terminal.rows ?? 24) - MARGIN_ROWS) {
        erase();
        drawing.isPlain = true;
        for (const earlier of lastStep.values()) if (earlier !== step) plain.step(earlier);
      }
      if (drawing.isPlain) plain.step(step);
    },
    note: (text) => {
      erase();
      terminal.write(`! ${printable(text)}\n`);
    },
    fault: (story) => {
      erase();
      terminal.write(`* ${printable(describeFault(story))}\n`);
    },
    jobLog: () => {},
    end: (report: Report) => {
      clearInterval(timer);
      if (!drawing.isPlain) draw();
      terminal.write(`${renderEnd(report)}\n`);
    },
  };
}

/** `test (1)                 ●●●●○○○  registered     0.81 s`. */
function renderJob(job: JobStory, step: Step | undefined, columns: number): string {
  const reached = PHASES.map((phase) => (job.times[phase] === undefined ? '○' : '●')).join('');
  const phase: Phase = step?.phase ?? 'queued';
  const elapsed = (job.times.done ?? Date.now()) - job.createdAt;
  const width = Math.max(8, Math.min(NAME_WIDTH, columns - OTHER_WIDTH));
  const name = fitInto(printable(job.name), width);
  const padded = name + ' '.repeat(width - columnsOf(name));
  const remarks = [job.conclusion, job.madeFor ? 'swapped' : undefined].filter((remark) => remark !== undefined);
  const line = `${padded}  ${reached}  ${phase.padEnd(10)} ${seconds(elapsed).padStart(9)}  ${remarks.join(', ')}`;
  return fitInto(line.trimEnd(), columns);
}
