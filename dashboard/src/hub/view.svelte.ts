/** What the hub tells of one thing: as it changes over the live connection, or, where there is none, by asking. */

import { Document } from './document.svelte.ts';
import { live } from './live.svelte.ts';

export class View<T> {
  readonly #document: Document<T>;

  /** `view`: the name of the live view; `path`: the call that tells the same. */
  constructor(
    readonly view: string,
    path: string,
    everyMs?: number,
  ) {
    this.#document = new Document<T>(path, everyMs);
  }

  get value(): T | null {
    const told = live.states.get(this.view) as T | undefined;
    return told === undefined || Object.keys(told as object).length === 0 ? this.#document.value : told;
  }

  /** Asks once, where it is not told anyway. */
  async load(): Promise<void> {
    if (!live.isStreaming || live.states.get(this.view) === undefined) await this.#document.load();
  }

  /** Keeps it fresh while a component that called this is there. */
  follow(everyMs = this.#document.everyMs): void {
    $effect(() => live.watch(this.view));
    $effect(() => {
      void this.load();
      const timer = setInterval(() => void this.load(), everyMs);
      return () => clearInterval(timer);
    });
  }
}
