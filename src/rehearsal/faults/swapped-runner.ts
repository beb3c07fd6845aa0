/**
 * The runner of the oldest job connects late, until another runner has taken that job. GitHub hands a job to any matching
 * runner: it is no fault of anybody, and must cost no launch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import type { MakeFault } from './fault.ts';

const PLACE = 1;
/** Longer than any boot, and shorter than the runner waits for an answer. */
const MOST_HELD_MS = 15_000;

export const swappedRunner: MakeFault = (cast, tell) => {
  let isTaken = false;
  let letGo = () => {};
  const taken = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return {
    runnerService: (service, github) => {
      const held = new Hono();
      held.post('/sessions', async (context, next) => {
        const clientId = context.req.header('authorization')?.replace('Bearer ', '') ?? '';
        const runner = github.state.runnersByClientId.get(clientId);
        const isTarget = runner !== undefined && cast.isFirstFor(PLACE, cast.attemptOfRunner(runner.name));
        if (isTarget) await Promise.race([taken, sleep(MOST_HELD_MS, undefined, { ref: false })]);
        await next();
      });
      return held.route('/', service);
    },
    onEvent: (event) => {
      if (event.source !== 'github' || event.event.kind !== 'job-started') return;
      const { id, name, runnerName = '' } = event.event.job;
      const attemptId = cast.attemptOfRunner(runnerName);
      if (attemptId === undefined) return;
      const isOwn = cast.isFirstFor(PLACE, attemptId);
      if (cast.isJobAt(PLACE, id) && !isOwn) {
        isTaken = true;
        tell.struck(`${name} takes the runner that was made for ${cast.madeFor(attemptId)}`);
        letGo();
      } else if (isTaken && isOwn)
        tell.healed(`swapped, not launched for: the runner made for ${cast.madeFor(attemptId)} runs ${name}`);
    },
  };
};
