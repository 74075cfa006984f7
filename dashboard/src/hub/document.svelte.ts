/** A document of the hub that a page shows: asked for when the show changes and every few seconds, with its age. */

import { get, Refused } from './call.ts';
import { live } from './live.svelte.ts';

const EVERY_MS = 2000;
/** Where the hub does not have it, it may yet, but not soon. */
const MISSING_MS = 15_000;

export class Document<T> {
  value: T | null = $state.raw(null);
  /** When it came, on the page's clock. */
  #at: number | null = $state(null);
  #isAsking = false;
  #missingAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly path: string,
    readonly everyMs = EVERY_MS,
  ) {}

  get age(): number | null {
    return this.#at === null ? null : Math.max(0, live.now - this.#at);
  }

  async load(): Promise<void> {
    if (this.#isAsking || performance.now() - this.#missingAt < MISSING_MS) return;
    this.#isAsking = true;
    try {
      this.value = await get<T>(this.path);
      this.#at = performance.now();
    } catch (error) {
      if (error instanceof Refused && error.status === 404) {
        this.value = null;
        this.#missingAt = performance.now();
      }
      // The age says it, and the banner when the hub is gone.
    } finally {
      this.#isAsking = false;
    }
  }

  /** Keeps it fresh while a component that called this is there, and as long as `isWanted`. */
  follow(isWanted: () => boolean = () => true): void {
    $effect(() => {
      if (!isWanted()) return;
      void this.load();
      const timer = setInterval(() => void this.load(), this.everyMs);
      return () => clearInterval(timer);
    });
  }
}
