/** JSON merge patches (RFC 7396), without touching what was there: parts that did not change stay the same objects. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const next: { [key: string]: Json } = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete next[key];
    else next[key] = merge(next[key], value);
  }
  return next;
}
