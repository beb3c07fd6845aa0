/**
 * What lies in an instance's mailbox: which runner to fetch, and the JIT config. One line of three words, because bash
 * reads it without a JSON parser: `<key in the runner bucket> <sha256, hex> <JIT config, base64>`. About 4.4 kB.
 */
export interface Letter {
  readonly runnerKey: string;
  readonly runnerSha256: string;
  readonly jitConfig: string;
}

export const writeLetter = (letter: Letter) => `${letter.runnerKey} ${letter.runnerSha256} ${letter.jitConfig}`;
