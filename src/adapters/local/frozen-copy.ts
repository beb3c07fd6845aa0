/**
 * A deep, frozen copy of a plain JSON value, so that neither the writer nor a reader can change what is stored.
 * Attributes that are `undefined` are left out, as the AWS adapter does. Anything that is not JSON is a bug: it throws.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(copy));
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) return copyObject(value);
  throw new TypeError(`not a plain JSON value: ${String(value)}`);
}

function copyObject(from: object): object {
  const to: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(from)) if (value !== undefined) to[name] = copy(value);
  return Object.freeze(to);
}
