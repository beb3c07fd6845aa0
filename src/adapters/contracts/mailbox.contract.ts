/** What every `Mailbox` does, together with the two calls that an instance makes to its own row. */
import { describe, expect, test } from 'vitest';
import type { Mail, Mailbox } from '../../core/ports.ts';

export interface MailboxUnderTest {
  readonly mailbox: Mailbox;
  /** The instance's calls. */
  take(userId: string, at: string): Promise<string | undefined>;
  report(userId: string, boot: string): Promise<void>;
}

const at = '2026-11-24T10:00:00Z';
const expiresAt = Date.parse('2033-05-18T03:33:20Z');
const letter = `runner.tar.gz ${'0'.repeat(64)} ${'x'.repeat(4_400)}`;
let instances = 0;
const freshUser = () => `AROAEXAMPLE:i-${++instances}`;

async function readAll(mailbox: Mailbox, ids: readonly string[]): Promise<readonly Mail[]> {
  const mails = await mailbox.read(ids);
  if (mails === 'unavailable') throw new Error('the mailbox is unavailable');
  return mails;
}

const runner = { id: 42, name: 'mf-test-1-1' };

export function describeMailbox(name: string, make: () => Promise<MailboxUnderTest>): void {
  describe(`${name}: a mailbox`, () => {
    test('a letter is taken once', async () => {
      const { mailbox, take } = await make();
      const id = freshUser();
      expect(await mailbox.give(id, letter, expiresAt, runner)).toBe('given');
      expect(await mailbox.read([id])).toEqual([{ id, given: true, runner, taken: false }]);
      expect(await take(id, at)).toBe(letter);
      expect(await take(id, 'later')).toBeUndefined();
      expect(await mailbox.read([id])).toEqual([{ id, given: true, runner, taken: true, takenAt: at }]);
    });

    test('of 20 takes at once exactly one gets the letter', async () => {
      const { mailbox, take } = await make();
      const id = freshUser();
      await mailbox.give(id, letter, expiresAt, runner);
      const taken = await Promise.all(Array.from({ length: 20 }, (_, n) => take(id, `${n}`)));
      expect(taken.filter((text) => text !== undefined)).toEqual([letter]);
    });

    test('a take before the letter fails, leaves nothing behind, and a later one gets it', async () => {
      const { mailbox, take } = await make();
      const id = freshUser();
      expect(await take(id, at)).toBeUndefined();
      expect(await mailbox.read([id])).toEqual([]);
      expect(await mailbox.give(id, letter, expiresAt, runner)).toBe('given');
      expect(await take(id, at)).toBe(letter);
    });

    test('a report before the letter makes the row, and the letter still finds its place', async () => {
      const { mailbox, take, report } = await make();
      const id = freshUser();
      await report(id, 'started');
      expect(await mailbox.read([id])).toEqual([{ id, given: false, taken: false, boot: 'started' }]);
      expect(await mailbox.give(id, letter, expiresAt, runner)).toBe('given');
      expect(await mailbox.read([id])).toEqual([{ id, given: true, runner, taken: false, boot: 'started' }]);
      expect(await take(id, at)).toBe(letter);
      await report(id, 'listening');
      expect(await mailbox.read([id])).toEqual([
        { id, given: true, runner, taken: true, takenAt: at, boot: 'listening' },
      ]);
    });

    test('a second letter is never put over the first, taken or not', async () => {
      const { mailbox, take } = await make();
      const id = freshUser();
      await mailbox.give(id, letter, expiresAt, runner);
      expect(await mailbox.give(id, 'another', expiresAt, runner)).toBe('already');
      expect(await take(id, at)).toBe(letter);
      expect(await mailbox.give(id, 'another', expiresAt, runner)).toBe('already');
      expect(await take(id, at)).toBeUndefined();
    });
  });
  describeClosing(name, make);
  describeRows(name, make);
}

function describeClosing(name: string, make: () => Promise<MailboxUnderTest>): void {
  describe(`${name}: closing a row of a mailbox`, () => {
    test('no letter can be given any more, and nothing can be taken', async () => {
      const { mailbox, take, report } = await make();
      const id = freshUser();
      await report(id, 'started');
      expect(await mailbox.close(id, expiresAt)).toBe('closed');
      expect(await mailbox.give(id, letter, expiresAt, runner)).toBe('already');
      expect(await take(id, at)).toBeUndefined();
      expect(await mailbox.read([id])).toEqual([{ id, given: true, taken: true, boot: 'started' }]);
      expect(await mailbox.close(id, expiresAt)).toBe('already');
    });

    test('a row without anything is closed, too', async () => {
      const { mailbox } = await make();
      const id = freshUser();
      expect(await mailbox.close(id, expiresAt)).toBe('closed');
      expect(await mailbox.give(id, letter, expiresAt, runner)).toBe('already');
    });

    test('a letter that was given stays, taken or not', async () => {
      const { mailbox, take } = await make();
      const id = freshUser();
      await mailbox.give(id, letter, expiresAt, runner);
      expect(await mailbox.close(id, expiresAt)).toBe('already');
      expect(await take(id, at)).toBe(letter);
      expect(await mailbox.close(id, expiresAt)).toBe('already');
    });

    test('of a letter and a closing at once, one wins', async () => {
      const { mailbox, take } = await make();
      for (const id of Array.from({ length: 10 }, freshUser)) {
        const [given, closed] = await Promise.all([
          mailbox.give(id, letter, expiresAt, runner),
          mailbox.close(id, expiresAt),
        ]);
        expect([given, closed]).toEqual(given === 'given' ? ['given', 'already'] : ['already', 'closed']);
        expect(await take(id, at)).toBe(given === 'given' ? letter : undefined);
      }
    });
  });
}

function describeRows(name: string, make: () => Promise<MailboxUnderTest>): void {
  describe(`${name}: rows of a mailbox`, () => {
    test('rows are apart', async () => {
      const { mailbox, take, report } = await make();
      const [one, two, none] = [freshUser(), freshUser(), freshUser()];
      await mailbox.give(one, letter, expiresAt, runner);
      await report(two, 'two');
      expect(await take(two, at)).toBeUndefined();
      expect(await mailbox.read([none, two, one])).toEqual([
        { id: two, given: false, taken: false, boot: 'two' },
        { id: one, given: true, runner, taken: false },
      ]);
      expect(await mailbox.read([])).toEqual([]);
    });

    test('150 rows are read at once, in the order asked for', async () => {
      const { mailbox, report } = await make();
      const ids = Array.from({ length: 150 }, freshUser);
      await Promise.all(ids.map((id) => report(id, id)));
      expect((await readAll(mailbox, ids)).map(({ id }) => id)).toEqual(ids);
    });

    test('a report is read up to 4,096 bytes; a longer one is not', async () => {
      const { mailbox, report } = await make();
      const [short, long] = [freshUser(), freshUser()];
      await report(short, 'é'.repeat(2_048));
      await report(long, 'é'.repeat(2_049));
      const mails = await readAll(mailbox, [short, long]);
      expect(mails.find(({ id }) => id === short)?.boot).toHaveLength(2_048);
      expect(mails.find(({ id }) => id === long)?.boot).toBeUndefined();
    });
  });
}
