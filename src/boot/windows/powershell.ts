/**
 * Windows PowerShell 5.1 inside TypeScript: the text as written. Its escape character, the backtick, can not stand here:
 * `$LF` is a line feed, and strings are joined.
 */
export function powershell(text: TemplateStringsArray): string {
  return text.raw.join('').trim();
}
