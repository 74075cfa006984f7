/** The node's status as this page knows it, and how old that is. */

import type { Levels, Status } from './shapes.ts';

const STATUS_MS = 500;
const LEVELS_MS = 250;
const LIMIT_MS = 3000;
/** How long ago the status is that failures are counted from. */
const SINCE_MS = 10_000;
export const SILENCE_MS = 2500;

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT_MS) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

class NodeStatus {
  status: Status | null = $state.raw(null);
  levels: Levels | null = $state.raw(null);
  universe: number | null = $state(null);
  /** Of some seconds ago. */
  before: Status | null = $state.raw(null);
  heardAt = $state(performance.now());
  now = $state(performance.now());
  #past: { at: number; status: Status }[] = [];

  get age(): number {
    return Math.max(0, this.now - this.heardAt);
  }
  get isSilent(): boolean {
    return this.age > SILENCE_MS;
  }

  follow(): void {
    const again = (work: () => Promise<void>, ms: number) => {
      const turn = async () => {
        if (!document.hidden) await work().catch(() => {});
        setTimeout(() => void turn(), ms);
      };
      void turn();
    };
    setInterval(() => (this.now = performance.now()), 250);
    again(() => this.#status(), STATUS_MS);
    again(() => this.#levels(), LEVELS_MS);
  }

  async #status(): Promise<void> {
    const status = await ask<Status>('/api/status');
    const at = performance.now();
    this.#past = [...this.#past.filter((one) => at - one.at < SINCE_MS), { at, status }];
    [this.status, this.heardAt, this.now] = [status, at, at];
    this.before = this.#past[0]?.status ?? null;
  }
  async #levels(): Promise<void> {
    if (!this.status?.universes.sent) return;
    const wish = this.universe === null ? '' : `?universe=${this.universe}`;
    this.levels = await ask<Levels>(`/api/levels${wish}`);
  }
}

export const node = new NodeStatus();
