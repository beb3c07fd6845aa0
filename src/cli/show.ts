import type { Audience, Report } from '../rehearsal/rehearse.ts';

/** A way to show a rehearsal: along the way, and its end. */
export interface Show extends Audience {
  end(report: Report): void;
}
