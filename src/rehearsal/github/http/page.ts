import type { Context } from 'hono';

/** Cuts the page that the request asks for (`per_page` 1 to 100, default 30; `page` from 1), and sets the Link header. */
export function page<Item>(c: Context, items: readonly Item[]): readonly Item[] {
  const perPage = perPageOf(c);
  const number = Math.max(1, wholeNumber(c.req.query('page')) ?? 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const links: string[] = [];
  if (number > 1) links.push(link(c, 'prev', { page: String(number - 1) }), link(c, 'first', { page: '1' }));
  if (number < last) links.push(link(c, 'next', { page: String(number + 1) }), link(c, 'last', { page: String(last) }));
  if (links.length > 0) c.header('Link', links.join(', '));
  return items.slice((number - 1) * perPage, number * perPage);
}

export const perPageOf = (c: Context) => Math.min(100, Math.max(1, wholeNumber(c.req.query('per_page')) ?? 30));

/** One entry of a Link header: the address of this request, with other parameters. */
export function link(c: Context, rel: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(c.req.url);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return `<${url.href}>; rel="${rel}"`;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
