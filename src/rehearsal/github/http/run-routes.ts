import type { Context, Hono } from 'hono';
import { jobJson } from '../model/json/job-json.ts';
import type { RunRecord } from '../model/types.ts';
import { asInstallation } from './authenticate.ts';
import { idOf, repositoryOf, type Shell } from './context.ts';
import { fail, notFound } from './fail.ts';
import { runJson, runStatus } from './json/run-json.ts';
import { page } from './page.ts';

/** Workflow runs and their jobs. */
export function addRunRoutes(hono: Hono, shell: Shell): void {
  const { model } = shell;
  const { state } = model;
  const actions = '/repos/:owner/:repo/actions';
  hono.use(`${actions}/jobs/*`, asInstallation(shell, 'actions'));
  hono.use(`${actions}/runs/*`, asInstallation(shell, 'actions'));

  hono.get(`${actions}/jobs/:id`, (c) => {
    const job = model.findJob(idOf(c, 'id'));
    const isHere = job && job.run.repository === model.findRepository(repositoryOf(c));
    return isHere ? c.json(jobJson(state, job)) : notFound(c);
  });

  hono.get(`${actions}/runs`, (c) => {
    const repository = model.findRepository(repositoryOf(c));
    if (!repository) return notFound(c);
    const runs = [...state.runs.values()]
      .reverse()
      .filter((run) => run.repository === repository && hasStatus(run, c.req.query('status')));
    return c.json({ total_count: runs.length, workflow_runs: page(c, runs).map((run) => runJson(state, run)) });
  });

  hono.get(`${actions}/runs/:id`, (c) => {
    const run = runOf(c, shell);
    return run ? c.json(runJson(state, run)) : notFound(c);
  });

  hono.get(`${actions}/runs/:id/jobs`, (c) => {
    const run = runOf(c, shell);
    if (!run) return notFound(c);
    const jobs = [...run.jobs.values()];
    return c.json({ total_count: jobs.length, jobs: page(c, jobs).map((job) => jobJson(state, job)) });
  });

  hono.post(`${actions}/runs/:id/cancel`, (c) => {
    const run = runOf(c, shell);
    if (!run) return notFound(c);
    if (model.cancelRun(run.id) === 'cancelled') return c.json({}, 202);
    return fail(c, 409, 'Cannot cancel a workflow run that is completed.');
  });
}

function runOf(c: Context, { model }: Shell): RunRecord | undefined {
  const run = model.state.runs.get(idOf(c, 'id'));
  return run && run.repository === model.findRepository(repositoryOf(c)) ? run : undefined;
}

/** GitHub's `status` means either the status or the conclusion. */
function hasStatus(run: RunRecord, wanted: string | undefined): boolean {
  return wanted === undefined || wanted === runStatus(run) || wanted === run.run.conclusion;
}
