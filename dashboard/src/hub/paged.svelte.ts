/** A long list of the hub, newest first: its first page kept fresh, earlier ones when they are asked for. */

import { ask, Refused } from './call.ts';

const PAGE = 100;
const EVERY_MS = 3000;
/** Entries a page shows at most. */
const MOST = 2000;

export class Paged<T> {
  #first: T[] = $state.raw([]);
  #earlier: T[] = $state.raw([]);
  #next: string | null = $state(null);
  isLoaded = $state(false);

  constructor(readonly path: string) {}

  get entries(): T[] {
    return this.#earlier.length === 0 ? this.#first : [...this.#first, ...this.#earlier];
  }
  get hasMore(): boolean {
    return this.#next !== null && this.entries.length < MOST;
  }

  async load(): Promise<void> {
    // While earlier ones are looked at the list stands still: new ones would push what is read away.
    if (this.#earlier.length > 0) return;
    try {
      const { value, next } = await ask<T[]>('GET', `${this.path}?limit=${PAGE}`);
      [this.#first, this.#next, this.isLoaded] = [value, next, true];
    } catch (error) {
      if (error instanceof Refused && !error.isSilence) this.isLoaded = true;
      // The banner says it when the hub is gone.
    }
  }

  async more(): Promise<void> {
    if (this.#next === null) return;
    const { value, next } = await ask<T[]>('GET', this.path + this.#next);
    [this.#earlier, this.#next] = [[...this.#earlier, ...value], next];
  }

  /** Keeps it fresh while a component that called this is there. */
  follow(): void {
    $effect(() => {
      void this.load();
      const timer = setInterval(() => void this.load(), EVERY_MS);
      return () => clearInterval(timer);
    });
  }
}
