import { SynthError } from './synth-error';

/** Base address of the REST API of a GitHub: github.com, one on ghe.com, or a server of one's own. */
export function githubApiUrl(githubUrl = 'https://github.com'): string {
  const host = /^https:\/\/([a-z0-9.-]+(:\d{1,5})?)\/?$/i.exec(githubUrl)?.[1]?.toLowerCase();
  if (host === undefined) throw new SynthError('github-url', `It is ${JSON.stringify(githubUrl)}.`);
  if (host === 'github.com' || host.endsWith('.ghe.com')) return `https://api.${host}`;
  return `https://${host}/api/v3`;
}
