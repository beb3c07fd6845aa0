/** What must hold in every world: a fold over its history, asked after each happening, and once at the end. */

import type { FinalView } from '../final-view.ts';
import type { HappeningAt } from '../history.ts';

export interface Invariant {
  readonly name: string;
  /** What is wrong, if anything is. */
  see?(happening: HappeningAt): string | undefined;
  /** At the end of the world, settled or not. */
  end?(view: FinalView): readonly string[];
}

export type MakeInvariant = () => Invariant;
