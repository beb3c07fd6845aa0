/** How long a world gets after its last fault, until all work is done and nothing is left. */
export const HEAL_MS = 90 * 60_000;
