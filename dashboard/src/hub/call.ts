/** One request to the hub: with the operator key where there is one, with a limit, and with the hub's own words for errors. */

const KEY = 'operator-key';
const LIMIT_MS = 6000;

/** The hub said no, or said nothing. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
  /** Nothing came back at all. */
  get isSilence(): boolean {
    return this.status === 0;
  }
}

export function operatorKey(): string | null {
  return sessionStorage.getItem(KEY);
}

export function keepOperatorKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

export function forgetOperatorKey(): void {
  sessionStorage.removeItem(KEY);
}

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const key = operatorKey();
  return key ? { ...more, Authorization: `Bearer ${key}` } : more;
}

let onUnauthorized: (() => void) | null = null;

/** Has `then` called whenever the hub no longer knows who asks. */
export function whenUnauthorized(then: () => void): void {
  onUnauthorized = then;
}

export interface Options {
  body?: unknown;
  /** Sent as `Idempotency-Key`, so that it can be sent again. */
  once?: string;
  /** Sent as `If-Match`: only when the document is still that one. */
  match?: string | null;
  /** How long the answer may take. */
  limitMs?: number;
}

export interface Reply<T> {
  value: T;
  tag: string | null;
  /** The query of a list's next page. */
  next: string | null;
}

export async function ask<T>(method: string, path: string, options: Options = {}): Promise<Reply<T>> {
  const extra: Record<string, string> = {};
  if (options.body !== undefined) extra['Content-Type'] = 'application/json';
  if (options.once) extra['Idempotency-Key'] = options.once;
  if (options.match) extra['If-Match'] = options.match;
  const init: RequestInit = { method, headers: headers(extra), signal: AbortSignal.timeout(options.limitMs ?? LIMIT_MS), cache: 'no-store' };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refused(0, 'The hub does not answer.');
  }
  const isJson = response.headers.get('Content-Type')?.includes('json') ?? false;
  const value: unknown = isJson ? await response.json().catch(() => null) : null;
  if (!response.ok) {
    const detail = (value as { detail?: string } | null)?.detail;
    if (response.status === 401) onUnauthorized?.();
    throw new Refused(response.status, detail ?? (response.statusText || `status ${response.status}`));
  }
  const next = /<(\?[^>]*)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1] ?? null;
  return { value: value as T, tag: response.headers.get('ETag'), next };
}

export async function get<T>(path: string): Promise<T> {
  return (await ask<T>('GET', path)).value;
}
