/** What jobs and workflow files say must not steer the terminal of whoever watches. */
import { stripVTControlCharacters } from 'node:util';

/** One line: escape sequences are dropped, other control characters become a space. */
export const printable = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

/** Columns that a text takes: East Asian wide characters and emoji take two. */
export const columnsOf = (text: string) => [...text].reduce((sum, character) => sum + widthOf(character), 0);

/** The start of a text that fits into so many columns. */
export function fitInto(text: string, columns: number): string {
  let used = 0;
  let fitted = '';
  for (const character of text) {
    used += widthOf(character);
    if (used > columns) break;
    fitted += character;
  }
  return fitted;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;
const widthOf = (character: string) => (WIDE.test(character) ? 2 : 1);
