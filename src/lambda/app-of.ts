/** The GitHub App of this deployment, by the credentials that lie in its secret. */
import { readAppCredentials } from '../adapters/aws/app-credentials.ts';
import type { AwsCaller } from '../adapters/aws/call-aws.ts';
import { type Expiring, expiring } from '../adapters/expiring.ts';
import { createGitHubApp, type GitHubApp } from '../adapters/github/github.ts';
import type { AppCredentials } from '../constructs/contract.ts';

export interface App extends GitHubApp {
  readonly credentials: AppCredentials;
}

/** How long a credential that was taken away is still used. */
const LIFE_MS = 5 * 60_000;

/** While the credentials stay the same, so does the App, with its tokens and connections. */
export function appOf(caller: AwsCaller, secretArn: string, baseUrl: string): Expiring<App> {
  let last: App | undefined;
  return expiring({
    lifeMs: LIFE_MS,
    clock: Date.now,
    read: async () => {
      const credentials = await readAppCredentials(caller, secretArn);
      if (!last || JSON.stringify(last.credentials) !== JSON.stringify(credentials))
        last = { credentials, ...createGitHubApp({ baseUrl, ...credentials, clock: Date.now }) };
      return last;
    },
  });
}
