/** Pages by the address's hash: `#/network/02:00:00:00:00:01`. */

export const PAGES = ['stage', 'network', 'patch', 'patterns', 'updates', 'log', 'access'] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  page: PageName;
  /** What the page is to show first, as a node's MAC address. */
  detail: string | null;
}

export function route(hash: string): Route {
  const [, name = '', ...rest] = hash.split('/');
  const page = PAGES.find((known) => known === name) ?? 'stage';
  return { page, detail: rest.length > 0 ? decodeURIComponent(rest.join('/')) : null };
}

export function address(page: PageName, detail?: string): string {
  return detail ? `#/${page}/${encodeURIComponent(detail)}` : `#/${page}`;
}
