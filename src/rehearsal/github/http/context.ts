import type { KeyObject } from 'node:crypto';
import type { Context } from 'hono';
import type { Scope } from '../../../core/types.ts';
import type { GitHubModel } from '../model/model.ts';

/** What all routes share. */
export interface Shell {
  readonly model: GitHubModel;
  readonly appPublicKey: KeyObject;
}

/** The organisation or repository in the path of the request. */
export function scopeOf(c: Context): Scope {
  const organization = c.req.param('org');
  return organization === undefined
    ? { kind: 'repository', repository: repositoryOf(c) }
    : { kind: 'organization', organization };
}

/** "owner/name", from the path of the request. */
export const repositoryOf = (c: Context) => `${c.req.param('owner')}/${c.req.param('repo')}`;

/** An id in the path. NaN, which no record has, when it is not a number. */
export const idOf = (c: Context, name: string) => Number(c.req.param(name));
