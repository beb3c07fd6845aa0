import * as v from 'valibot';
import type {
  DeleteOutcome,
  FindRunnerOutcome,
  GitHub,
  GitHubFailure,
  JitOutcome,
  JitRequest,
  ListRunnersOutcome,
  Runner,
  RunnerDownload,
} from '../../../core/ports.ts';
import type { Scope } from '../../../core/types.ts';
import { JitConfigRequest } from '../http/jit-config-request.ts';
import type { GitHubModel } from '../model/model.ts';
import type { RunnerRecord } from '../model/types.ts';
import { type Access, admitInstallation } from './admit.ts';

const PER_PAGE = 100;
const MOST_PAGES = 100;
const noPlace: GitHubFailure = { kind: 'auth', detail: '404 Not Found' };

export function directRunners(model: GitHubModel, downloads: readonly RunnerDownload[]): GitHub {
  return {
    createJitConfig: async (request) => createJitConfig(model, request),
    deleteRunner: async (installationId, scope, runnerId): Promise<DeleteOutcome> =>
      admit(model, installationId, scope, 'write') ?? { kind: model.deleteRunner(scope, runnerId) },
    findRunner: async (installationId, scope, name) => findRunner(model, installationId, scope, name),
    getRunner: async (installationId, scope, runnerId) =>
      admit(model, installationId, scope, 'read') ?? shown(model.findRunner(scope, runnerId)),
    listRunners: async (installationId, scope) => listRunners(model, installationId, scope),
    runnerDownloads: async (installationId, scope) =>
      admit(model, installationId, scope, 'read') ?? (model.listRunners(scope) ? { kind: 'ok', downloads } : noPlace),
  };
}

const admit = (model: GitHubModel, installationId: number, scope: Scope, access: Access) =>
  admitInstallation(
    model,
    installationId,
    scope.kind === 'organization' ? 'organization_self_hosted_runners' : 'administration',
    access,
  );

function createJitConfig(model: GitHubModel, request: JitRequest): JitOutcome {
  const { installationId, scope, name, runnerGroupId, labels } = request;
  const refusal = admit(model, installationId, scope, 'write');
  if (refusal) return refusal;
  if (!v.is(JitConfigRequest, { name, runner_group_id: runnerGroupId, labels }))
    return { kind: 'refused', detail: '422 Invalid request' };
  const outcome = model.createJitConfig(scope, { name, runnerGroupId, labels });
  if (outcome.kind === 'not-found') return { kind: 'refused', detail: '404 Not Found' };
  if (outcome.kind === 'name-taken') return outcome;
  return { kind: 'ok', runnerId: outcome.runner.id, jitConfig: outcome.encodedJitConfig };
}

/** By its very name: GitHub's search ignores the case. */
function findRunner(model: GitHubModel, installationId: number, scope: Scope, name: string): FindRunnerOutcome {
  const refusal = admit(model, installationId, scope, 'read');
  if (refusal) return refusal;
  const found = model.listRunners(scope, name);
  return found ? shown(found.find((runner) => runner.name === name)) : noPlace;
}

function listRunners(model: GitHubModel, installationId: number, scope: Scope): ListRunnersOutcome {
  const found = model.listRunners(scope) ?? [];
  const pages = Math.min(MOST_PAGES, Math.max(1, Math.ceil(found.length / PER_PAGE)));
  for (let page = 1; page <= pages; page += 1) {
    const refusal = admit(model, installationId, scope, 'read');
    if (refusal) return refusal;
  }
  if (!model.listRunners(scope)) return noPlace;
  return { kind: 'ok', runners: found.slice(0, MOST_PAGES * PER_PAGE).map(runnerOf), pages };
}

const shown = (runner: RunnerRecord | undefined): FindRunnerOutcome =>
  runner ? { kind: 'ok', runner: runnerOf(runner) } : { kind: 'gone' };

const runnerOf = ({ id, name, online, busy, labels }: RunnerRecord): Runner => ({ id, name, online, busy, labels });
