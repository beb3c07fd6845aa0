/** What steps write to the files behind GITHUB_ENV, GITHUB_OUTPUT and GITHUB_PATH. */
import { EvaluationFailure } from './expression.ts';

export type Entry = readonly [name: string, value: string];

/**
 * Reads `NAME=value` and `NAME<<DELIMITER ... DELIMITER` entries, in order; empty lines between them count for nothing.
 * As on Linux runners, lines end with "\n" alone. Throws `EvaluationFailure` on anything else: GitHub fails such a step.
 */
export function readEntries(text: string, file: 'GITHUB_ENV' | 'GITHUB_OUTPUT'): readonly Entry[] {
  const lines = text.split('\n');
  const entries: Entry[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      entries.push([line.slice(0, equals), line.slice(equals + 1)]);
    } else if (heredoc > 0 && heredoc + 2 < line.length) {
      const delimiter = line.slice(heredoc + 2);
      const end = lines.indexOf(delimiter, at + 1);
      if (end < 0) throw new EvaluationFailure(`${file}: the delimiter '${delimiter}' of '${line}' does not come`);
      entries.push([line.slice(0, heredoc), lines.slice(at + 1, end).join('\n')]);
      at = end;
    } else {
      throw new EvaluationFailure(`${file}: invalid format '${line}'`);
    }
  }
  const nameless = entries.find(([name]) => name === '');
  if (nameless) throw new EvaluationFailure(`${file}: '=${nameless[1]}' has no name`);
  return entries;
}

/** Entries of PATH: the last line written comes first, and is not repeated further back. */
export function prependPaths(path: readonly string[], text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .reduce((before, line) => [line, ...before.filter((one) => one !== line)], path);
}
