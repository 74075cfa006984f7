/** The hub's own log: every event of its run, as it happens. Read with `fetch`, which unlike `EventSource` can send the key. */

import { Parts, sentence, type Told } from '../state/told.ts';
import { headers } from './call.ts';
import { live } from './live.svelte.ts';

const AGAIN_MS = 1000;
/** A hub that does not tell events will not begin to while the page is open, unless it is another one. */
const NONE_MS = 30_000;

class Events {
  #last: string | null = null;
  #boot: number | null = null;

  /** Follows until the page is closed. */
  async follow(): Promise<void> {
    for (;;) {
      const pause = await this.#read().catch(() => AGAIN_MS);
      live.hasEvents = false;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #read(): Promise<number> {
    const boot = live.show?.boot_id;
    if (boot === undefined || live.link.phase !== 'live') return AGAIN_MS;
    if (this.#boot !== boot || this.#last === null) {
      // A run of the hub is told from its beginning, as far as it is kept.
      [this.#boot, this.#last] = [boot, `${boot.toString(16).padStart(8, '0')}-0`];
    }
    const response = await fetch(`/api/v1/events?after=${encodeURIComponent(this.#last)}`, { headers: headers(), cache: 'no-store' });
    if (!response.ok || !response.body) return response.status === 404 ? NONE_MS : AGAIN_MS;
    live.hasEvents = true;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parts = new Parts();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return AGAIN_MS / 10;
      const told = parts.feed(value);
      this.#last = told.at(-1)?.id ?? this.#last;
      this.#tell(told);
    }
  }

  #tell(told: readonly Told[]): void {
    const name = (number: number) => {
      const node = live.show?.nodes.find(({ id }) => id === number);
      return node?.name ?? node?.mac ?? `node ${number}`;
    };
    for (const event of told) {
      const change = sentence(event, name);
      if (change) live.note(change, event.time ? new Date(event.time) : new Date());
    }
  }
}

export const events = new Events();
