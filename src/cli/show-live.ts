/** On a terminal: one line for each job, redrawn in place as the job moves on. */
import type { Report } from '../rehearsal/rehearse.ts';
import { type JobStory, PHASES, type Phase, type Step } from '../rehearsal/timeline.ts';
import { renderEnd, seconds } from './render-report.ts';
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

/** More jobs than the terminal has rows: their steps are printed as plain lines instead. */
export function showLive(terminal: Terminal, keepOpen: boolean): Show {
  const jobs: JobStory[] = [];
  const lastStep = new Map<string, Step>();
  const plain = showPlain(terminal, { output: false, keepOpen });
  const drawing = { rows: 0, isPlain: false };
  const draw = () => {
    const lines = jobs.map((job) => renderJob(job, lastStep.get(job.id), terminal.columns ?? 80));
    const up = drawing.rows > 0 ? `\x1b[${drawing.rows}A` : '';
    terminal.write(up + lines.map((line) => `\x1b[2K${line}\n`).join(''));
    drawing.rows = lines.length;
  };
  const timer = setInterval(() => !drawing.isPlain && draw(), REDRAW_MS);
  timer.unref();
  return {
    opened: plain.opened,
    step: (step) => {
      if (!lastStep.has(step.job.id)) jobs.push(step.job);
      lastStep.set(step.job.id, step);
      if (jobs.length > (terminal.rows ?? 24) - MARGIN_ROWS) drawing.isPlain = true;
      if (drawing.isPlain) plain.step(step);
    },
    note: (text) => {
      terminal.write(`\x1b[2K! ${text}\n`);
      drawing.rows = 0;
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
  const name = job.name.length > NAME_WIDTH ? `${job.name.slice(0, NAME_WIDTH - 1)}…` : job.name.padEnd(NAME_WIDTH);
  const remarks = [job.conclusion, job.madeFor ? 'swapped' : undefined].filter((remark) => remark !== undefined);
  const line = `${name}  ${reached}  ${phase.padEnd(10)} ${seconds(elapsed).padStart(9)}  ${remarks.join(', ')}`;
  return line.trimEnd().slice(0, columns);
}
