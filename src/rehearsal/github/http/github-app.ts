import { Hono } from 'hono';
import { addAppRoutes } from './app-routes.ts';
import type { Shell } from './context.ts';
import { addDeliveryRoutes } from './delivery-routes.ts';
import { addDownloadRoutes, type RunnerPackage } from './download-routes.ts';
import { notFound } from './fail.ts';
import { addRunRoutes } from './run-routes.ts';
import { addRunnerRoutes } from './runner-routes.ts';

/** The REST paths that Mayfly uses, and where runners connect. */
export function githubApp(shell: Shell, packages: readonly RunnerPackage[], runnerService?: Hono): Hono {
  const hono = new Hono();
  hono.notFound(notFound);
  addAppRoutes(hono, shell);
  addDownloadRoutes(hono, shell, packages);
  addRunnerRoutes(hono, shell);
  addRunRoutes(hono, shell);
  addDeliveryRoutes(hono, shell);
  if (runnerService) hono.route('/_runner', runnerService);
  return hono;
}
