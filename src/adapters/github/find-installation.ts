/** Finds the App's installation on an account, asking as the App itself. */
import type { Clock, GitHubFailure } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';
import type { AppCall } from './app-call.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { InstallationCall } from './installation-call.ts';

export interface InstallationAccess {
  readonly callAsApp: AppCall;
  readonly call: InstallationCall;
  readonly clock: Clock;
}

export type InstallationOutcome =
  | {
      readonly kind: 'ok';
      readonly installationId: number;
      /** Where the account's runner packages are listed: a user has none of its own, so that it is a repository there. */
      readonly scope: Scope;
    }
  | GitHubFailure;

/** `owner`: an organisation or a user. `auth`: the App is not installed there. */
export async function findInstallation(access: InstallationAccess, owner: string): Promise<InstallationOutcome> {
  const asOrganization = await ask(access, `/orgs/${encodeURIComponent(owner)}/installation`);
  if (asOrganization.kind !== 'not-there')
    return withScope(asOrganization, { kind: 'organization', organization: owner });
  const asUser = await ask(access, `/users/${encodeURIComponent(owner)}/installation`);
  if (asUser.kind === 'not-there') return asUser.failure;
  if (asUser.kind !== 'ok') return asUser;
  const repository = await firstRepository(access, asUser.installationId);
  return typeof repository === 'string' ? withScope(asUser, { kind: 'repository', repository }) : repository;
}

type Asked =
  | { readonly kind: 'ok'; readonly installationId: number }
  | { readonly kind: 'not-there'; readonly failure: GitHubFailure }
  | GitHubFailure;

async function ask({ callAsApp, clock }: InstallationAccess, path: string): Promise<Asked> {
  const request: GitHubRequest = { method: 'GET', path, repeatable: true };
  const reply = await callAsApp(request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 404) return { kind: 'not-there', failure: failureOf(request, reply, clock()) };
  if (reply.status !== 200) return failureOf(request, reply, clock());
  const id = (reply.body as { id?: unknown } | undefined)?.id;
  return Number.isSafeInteger(id) ? { kind: 'ok', installationId: id as number } : unreadable(request, reply);
}

const withScope = (found: Exclude<Asked, { kind: 'not-there' }>, scope: Scope): InstallationOutcome =>
  found.kind === 'ok' ? { ...found, scope } : found;

async function firstRepository(access: InstallationAccess, installationId: number): Promise<string | GitHubFailure> {
  const request: GitHubRequest = { method: 'GET', path: '/installation/repositories?per_page=1', repeatable: true };
  const reply = await access.call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status !== 200) return failureOf(request, reply, access.clock());
  const { repositories = [] } = (reply.body ?? {}) as { repositories?: readonly { full_name?: unknown }[] };
  const name = repositories[0]?.full_name;
  return typeof name === 'string' ? name : unreadable(request, reply);
}
