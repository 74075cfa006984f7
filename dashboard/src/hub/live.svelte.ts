/**
 * The show as the page sees it now, and how sure that is. Everything on the page reads from here; where it comes from is
 * this folder's business.
 */

import { changes, type Change } from '../state/changes.ts';
import { BEGINNING, step, type Link, type LinkEvent } from '../state/link.ts';
import { EMPTY, sample, type History } from '../state/history.ts';
import { get, Refused } from './call.ts';
import type { Show } from './shapes.ts';

const POLL_MS = 500;
const LOOK_MS = 250;
/** Entries of the page's own log, at most; the oldest go. */
const LOG = 500;

export interface Entry extends Change {
  at: Date;
  number: number;
}

class Live {
  show: Show | null = $state.raw(null);
  link: Link = $state.raw(BEGINNING);
  history: History = $state.raw(EMPTY);
  log: Entry[] = $state.raw([]);
  /** When the shown picture came, on the wall. */
  seen: Date | null = $state.raw(null);
  /** The page's clock, moved a few times a second, so that ages grow while nothing comes. */
  now: number = $state(performance.now());
  #entries = 0;

  /** How long ago what is shown was true, milliseconds. */
  get age(): number {
    return this.link.heardAt === null ? 0 : Math.max(0, this.now - this.link.heardAt);
  }

  /** How long ago a node was heard: what the hub said, and the time since. */
  seenAgo(lastSeenMs: number | null): number | null {
    return lastSeenMs === null ? null : lastSeenMs + this.age;
  }

  note(entry: Change): void {
    this.log = [{ ...entry, at: new Date(), number: this.#entries++ }, ...this.log].slice(0, LOG);
  }

  hear(show: Show): void {
    for (const change of changes(this.show, show)) this.note(change);
    this.show = show;
    this.seen = new Date();
    this.now = performance.now();
    this.history = sample(this.history, show.nodes, this.now);
    this.tell({ kind: 'heard', at: this.now });
  }

  tell(event: LinkEvent): void {
    const before = this.link;
    this.link = step(before, event);
    if (before.phase === 'live' && this.link.phase === 'silent') this.note({ weight: 'bad', text: 'No word from the hub' });
    if (before.phase === 'silent' && this.link.phase === 'live') this.note({ weight: 'note', text: 'The hub is back' });
  }

  /** Asks for the show until the page is closed. */
  async follow(): Promise<void> {
    setInterval(() => {
      this.now = performance.now();
      this.tell({ kind: 'passed', at: this.now });
    }, LOOK_MS);
    for (;;) {
      await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async refresh(): Promise<void> {
    try {
      this.hear(await get<Show>('/api/v1/show'));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const refused = error instanceof Refused && error.status === 401;
      this.tell(refused ? { kind: 'refused', reason } : { kind: 'failed', reason });
    }
  }
}

export const live = new Live();
