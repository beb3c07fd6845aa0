import type { Context, Hono } from 'hono';
import { jobJson } from '../model/json/job-json.ts';
import { conclusionOf, runStatus } from '../model/run-status.ts';
import type { JobRecord, RunRecord } from '../model/types.ts';
import { asInstallation } from './authenticate.ts';
import { idOf, repositoryOf, type Shell } from './context.ts';
import { fail, notFound } from './fail.ts';
import { runJson } from './json/run-json.ts';
import { page } from './page.ts';

/** Workflow runs and their jobs. */
export function addRunRoutes(hono: Hono, shell: Shell): void {
  const { model } = shell;
  const { state } = model;
  const actions = '/repos/:owner/:repo/actions';
  hono.use(`${actions}/jobs/*`, asInstallation(shell, 'actions'));
  hono.use(`${actions}/runs/*`, asInstallation(shell, 'actions'));

  hono.get(`${actions}/jobs/:id`, (c) => {
    const job = jobOf(c, shell);
    return job ? c.json(jobJson(state, job)) : notFound(c);
  });

  hono.post(`${actions}/jobs/:id/rerun`, (c) => rerun(c, shell));

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
    const jobs =
      c.req.query('filter') === 'all'
        ? [...state.jobs.values()].filter((job) => job.run === run)
        : [...run.jobs.values()];
    return c.json({ total_count: jobs.length, jobs: page(c, jobs).map((job) => jobJson(state, job)) });
  });

  hono.post(`${actions}/runs/:id/cancel`, (c) => {
    const run = runOf(c, shell);
    if (!run) return notFound(c);
    if (model.cancelRun(run.id) === 'cancelled') return c.json({}, 202);
    return fail(c, 409, 'Cannot cancel a workflow run that is completed.');
  });
}

function rerun(c: Context, shell: Shell) {
  const job = jobOf(c, shell);
  if (!job) return notFound(c);
  switch (shell.model.rerunJob(job.id)) {
    case 'queued':
      return c.json({}, 201);
    case 'running':
      return fail(c, 403, 'The workflow run containing this job is already running');
    case 'refused':
      return fail(c, 403, 'This workflow run cannot be retried');
    case 'not-found':
      return notFound(c);
  }
}

function jobOf(c: Context, { model }: Shell): JobRecord | undefined {
  const job = model.findJob(idOf(c, 'id'));
  return job && job.run.repository === model.findRepository(repositoryOf(c)) ? job : undefined;
}

function runOf(c: Context, { model }: Shell): RunRecord | undefined {
  const run = model.state.runs.get(idOf(c, 'id'));
  return run && run.repository === model.findRepository(repositoryOf(c)) ? run : undefined;
}

/** GitHub's `status` means either the status or the conclusion. */
function hasStatus(run: RunRecord, wanted: string | undefined): boolean {
  return wanted === undefined || wanted === runStatus(run) || wanted === conclusionOf(run);
}
