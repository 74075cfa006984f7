/** What the page tells the hub, what came of it, and how it is taken back. */

import { pop, push, type Edit } from '../state/undo.ts';
import { ask, Refused, type Options } from './call.ts';
import { live } from './live.svelte.ts';
import type { Answer } from './shapes.ts';

export interface Notice {
  text: string;
  isBad: boolean;
  /** Whether the newest edit can be taken back from it. */
  undo: boolean;
}

const NOTICE_MS = 7000;

class Commands {
  notice: Notice | null = $state.raw(null);
  edits: Edit[] = $state.raw([]);
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string, isBad = false, undo = false): void {
    this.notice = { text, isBad, undo };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.notice = null), NOTICE_MS);
  }

  dismiss(): void {
    this.notice = null;
  }

  /**
   * Has the hub do something. A request whose answer is lost is sent once more under the same key, so it is done once.
   * Answers null when it was refused, which has been said.
   */
  async send<T = Answer>(label: string, method: string, path: string, body?: unknown, more: Options = {}): Promise<T | null> {
    const options: Options = { ...more, once: randomKey() };
    if (body !== undefined) options.body = body;
    try {
      const reply = await ask<T>(method, path, options).catch((error: unknown) => {
        if (error instanceof Refused && error.isSilence) return ask<T>(method, path, options);
        throw error;
      });
      if (!live.isStreaming) void live.refresh();
      return reply.value;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.say(`${label}: ${why}`, true);
      live.note({ weight: 'warn', text: `${label} was refused: ${why}` });
      return null;
    }
  }

  /**
   * The same, remembered with what takes it back. Where `document` names what was edited, taking back is given its tag, so
   * that it is refused when somebody else has edited it since.
   */
  async edit(
    label: string,
    method: string,
    path: string,
    body: unknown,
    revert: (only: Options) => Promise<unknown>,
    document?: string,
  ): Promise<boolean> {
    const answer = await this.send(label, method, path, body);
    if (answer === null) return false;
    const read = document ? await ask('GET', document).catch(() => null) : null;
    this.edits = push(this.edits, { label, revert: () => revert({ match: read?.tag ?? null }) });
    this.say(label, false, true);
    return true;
  }

  async undo(): Promise<void> {
    const { edit, rest } = pop(this.edits);
    if (!edit) {
      this.say('There is nothing to take back');
      return;
    }
    this.edits = rest;
    const answer = await edit.revert();
    if (answer !== null) this.say(`Taken back: ${edit.label}`);
  }
}

/** 128 random bits; `crypto.randomUUID` is only there on encrypted pages. */
function randomKey(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

export const commands = new Commands();

/** Calls `send` with the newest value, one call at a time, at most one in `periodMs`; the last value is always sent. */
export function newest<T>(send: (value: T) => Promise<unknown>, periodMs = 66): (value: T) => void {
  let waiting: { value: T } | null = null;
  let isRunning = false;
  async function run() {
    if (isRunning) return;
    isRunning = true;
    while (waiting) {
      const { value } = waiting;
      waiting = null;
      const pause = new Promise((resolve) => setTimeout(resolve, periodMs));
      await send(value);
      await pause;
    }
    isRunning = false;
  }
  return (value) => {
    waiting = { value };
    void run();
  };
}
