/** The last minutes of every node's figures, for the graphs: bounded, one sample a second, no clock. */

import type { ShowNode } from '../hub/shapes.ts';

export const SAMPLES = 300;
/** Beyond this many nodes lines cannot be told apart. */
export const MAX_LINES = 24;

export interface History {
  /** Seconds of the page's clock, rising. */
  at: number[];
  /** For each node by MAC address: its clock's error (microseconds), or null while it had none. */
  clock: Map<string, (number | null)[]>;
  /** The same for the lateness of its output. */
  late: Map<string, (number | null)[]>;
}

export const EMPTY: History = { at: [], clock: new Map(), late: new Map() };

const last = <T>(list: readonly T[], count: number): T[] => list.slice(Math.max(0, list.length - count));

export function sample(history: History, nodes: readonly ShowNode[], atMs: number): History {
  const at = Math.floor(atMs / 1000);
  if (history.at.at(-1) === at) return history;
  const length = Math.min(history.at.length, SAMPLES - 1);
  const extend = (lines: Map<string, (number | null)[]>, figure: (node: ShowNode) => number) => {
    const next = new Map<string, (number | null)[]>();
    for (const node of nodes.slice(0, MAX_LINES)) {
      const before = last(lines.get(node.mac) ?? [], length);
      const gap: null[] = new Array<null>(length - before.length).fill(null);
      const measured = (node.state === 'ready' || node.state === 'degraded') && !node.legacy;
      next.set(node.mac, [...gap, ...before, measured ? figure(node) / 1000 : null]);
    }
    return next;
  };
  return {
    at: [...last(history.at, length), at],
    clock: extend(history.clock, (node) => node.sigma_ns),
    late: extend(history.late, (node) => node.late_ns_p99),
  };
}
