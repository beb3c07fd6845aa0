/** Sorted, distinct strings in an array: inserts move memory, which is faster than any tree at our sizes. */

/** Position of the first entry that is not before `key`. */
export function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function insertSorted(sorted: string[], key: string): void {
  sorted.splice(lowerBound(sorted, key), 0, key);
}

/** `key` must be there. */
export function removeSorted(sorted: string[], key: string): void {
  sorted.splice(lowerBound(sorted, key), 1);
}
