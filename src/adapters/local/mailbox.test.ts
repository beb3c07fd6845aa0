import { expect, test } from 'vitest';
import { describeMailbox } from '../contracts/mailbox.contract.ts';
import { LocalMailbox } from './mailbox.ts';

describeMailbox('local', async () => {
  const mailbox = new LocalMailbox();
  return {
    mailbox,
    take: async (userId, at) => mailbox.take(userId, at),
    report: async (userId, boot) => void mailbox.report(userId, boot),
  };
});

test('says whether a report was short enough', () => {
  const mailbox = new LocalMailbox();
  expect(mailbox.report('a', 'x'.repeat(4_096))).toBe(true);
  expect(mailbox.report('a', 'x'.repeat(4_097))).toBe(false);
});

test('an expired letter can still be taken until it is dropped, and the row is free after that', async () => {
  const mailbox = new LocalMailbox();
  await mailbox.give('past', 'letter', 100_000, { id: 1, name: 'a' });
  await mailbox.give('future', 'letter', 100_001, { id: 1, name: 'a' });
  mailbox.expire(99_999);
  expect(mailbox.untaken()).toEqual(['past', 'future']);
  mailbox.expire(100_000);
  expect(mailbox.untaken()).toEqual(['future']);
  expect(mailbox.take('past', 'at')).toBeUndefined();
  expect(mailbox.take('future', 'at')).toBe('letter');
  expect(mailbox.untaken()).toEqual([]);
});
