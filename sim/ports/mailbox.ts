/** The mailbox as the control plane sees it, with failures. */
import type { LocalMailbox } from '../../src/adapters/local/mailbox.ts';
import type { Mailbox } from '../../src/core/ports.ts';
import { type CallTime, effect, type PortContext, read } from './call.ts';

const TIME: CallTime = { fromMs: 3, toMs: 15 };

/** `onGiven`: an instance may take its letter from now on. */
export function mailboxPort(context: PortContext, mailbox: LocalMailbox, onGiven: (userId: string) => void): Mailbox {
  const { strike } = context;
  return {
    give: (userId, letter, expiresAt, runner) =>
      effect(context, TIME, async () => {
        if (strike('mailbox-unavailable')) return 'unavailable';
        const outcome = await mailbox.give(userId, letter, expiresAt, runner);
        if (outcome === 'given') onGiven(userId);
        return strike('mailbox-lost-reply') ? 'unavailable' : outcome;
      }),
    read: (userIds) =>
      read(context, TIME, async () => (strike('mailbox-unavailable') ? 'unavailable' : mailbox.read(userIds))),
    close: (userId, expiresAt) =>
      effect(context, TIME, async () => {
        if (strike('mailbox-unavailable')) return 'unavailable';
        const outcome = await mailbox.close(userId, expiresAt);
        return strike('mailbox-lost-reply') ? 'unavailable' : outcome;
      }),
  };
}
