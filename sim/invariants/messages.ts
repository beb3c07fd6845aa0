/** What was acknowledged is done; what was not signed by GitHub did nothing. */
import { type Message, parseMessage } from '../../src/core/messages.ts';
import { attemptIdOfRunner } from '../../src/core/names.ts';
import type { Attempt, Job } from '../../src/core/types.ts';
import type { MakeInvariant } from './invariant.ts';

/** Whether the state of a job can be had after that event of it. */
const AFTER: Record<string, (job: Job | undefined) => boolean> = {
  queued: (job) => job !== undefined && job.state !== 'NEW' && job.state !== 'HELD',
  waiting: (job) => job !== undefined,
  in_progress: (job) => job !== undefined && ['RUNNING', 'DONE'].includes(job.state),
  completed: (job) => job?.state === 'DONE',
};

export const acknowledgedIsDone: MakeInvariant = () => {
  const jobs = new Map<string, Job>();
  const attempts = new Map<string, Attempt>();
  const byInstance = new Map<string, string>();
  const lacks = (deployment: number, message: Message): string | undefined => {
    if (message.kind === 'job') {
      const isOurs =
        message.pool !== undefined ||
        attempts.has(`${deployment}/${attemptIdOfRunner(`sim${deployment}`, message.runnerName ?? '')}`);
      const job = jobs.get(`${deployment}/${message.jobId}`);
      return isOurs && !AFTER[message.action]?.(job)
        ? `${message.action} of job ${message.jobId} was acknowledged, and the job is ${job?.state ?? 'unknown'}`
        : undefined;
    }
    if (message.kind !== 'instance' || message.change !== 'terminated') return undefined;
    const attempt = attempts.get(byInstance.get(`${deployment}/${message.instanceId}`) ?? '');
    return attempt && attempt.state !== 'GONE'
      ? `the end of ${message.instanceId} was acknowledged, and its attempt is ${attempt.state}`
      : undefined;
  };
  return {
    name: 'what is acknowledged is done',
    see(happening) {
      if (happening.kind === 'record') {
        const key = `${happening.deployment}/${happening.after.id}`;
        if (happening.record === 'job') jobs.set(key, happening.after as Job);
        if (happening.record === 'attempt') {
          const attempt = happening.after as Attempt;
          attempts.set(key, attempt);
          if (attempt.instanceId) byInstance.set(`${happening.deployment}/${attempt.instanceId}`, key);
        }
      }
      if (happening.kind !== 'acknowledged') return undefined;
      const message = parseMessage(happening.body);
      return message
        ? lacks(happening.deployment, message)
        : `a message that is none was acknowledged: ${happening.body}`;
    },
  };
};

export const unsignedDoesNothing: MakeInvariant = () => ({
  name: 'what GitHub did not sign for us does nothing',
  see(happening) {
    if (happening.kind !== 'webhook' || happening.sender === 'github') return undefined;
    const { sender, status, messages } = happening;
    if (messages > 0) return `an event of a ${sender} was queued`;
    if (sender === 'forger' && status !== 401 && status !== 502) return `a forged event was answered ${status}`;
    return undefined;
  },
});

export const answeredIsQueued: MakeInvariant = () => ({
  name: '202 means that the message is in the queue',
  see(happening) {
    if (happening.kind !== 'webhook' || happening.status !== 202) return undefined;
    return happening.messages === 1 ? undefined : `202, and ${happening.messages} messages`;
  },
});
