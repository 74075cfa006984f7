/** One live connection to the hub (docs/api/live.md): from opening to its end, with the states of the views it watches. */

import { merge, type Json } from '../state/merge.ts';
import { readPicture, type Picture } from '../state/picture.ts';
import { ask, operatorKey } from './call.ts';

/** The hub says something every second; after this long without a word the connection is given up. */
const SILENCE_MS = 5000;
const OPENING_MS = 5000;

export interface Heard {
  states: ReadonlyMap<string, Json>;
  nowUs: number;
  showUs: number;
}

interface Message {
  t: 'snapshot' | 'delta' | 'pulse' | 'error';
  view?: string;
  now_us: number;
  show_us: number;
  state?: Json;
  patch?: Json;
  detail?: string;
}

export interface Listener {
  onheard: (heard: Heard) => void;
  onpicture: (picture: Picture) => void;
}

export class Socket {
  #socket: WebSocket | null = null;
  #states = new Map<string, Json>();

  constructor(readonly listener: Listener) {}

  /** Watches until the connection ends; `views` are subscribed to as it opens. Answers whether it was ever open. */
  async watch(views: () => readonly object[]): Promise<boolean> {
    const address = new URL('/api/v1/live', location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    try {
      if (operatorKey()) {
        const { ticket } = (await ask<{ ticket: string }>('POST', '/api/v1/live/tickets', { body: {} })).value;
        address.searchParams.set('ticket', ticket);
      }
    } catch {
      return false;
    }
    return new Promise((resolve) => {
      const socket = new WebSocket(address);
      socket.binaryType = 'arraybuffer';
      let wasOpen = false;
      let timer = setTimeout(() => socket.close(), OPENING_MS);
      socket.onopen = () => {
        wasOpen = true;
        this.#socket = socket;
        this.#states = new Map();
        for (const view of views()) this.say({ t: 'subscribe', ...view });
      };
      socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
        clearTimeout(timer);
        timer = setTimeout(() => socket.close(), SILENCE_MS);
        if (typeof event.data === 'string') this.#take(JSON.parse(event.data) as Message);
        else {
          const picture = readPicture(event.data);
          if (picture) this.listener.onpicture(picture);
        }
      };
      // Browsers say nothing on why; whoever called asks the hub by another way.
      socket.onclose = () => {
        clearTimeout(timer);
        this.#socket = null;
        resolve(wasOpen);
      };
    });
  }

  /** Says something, when there is a connection. */
  say(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** Ends the connection; whoever watches opens the next. */
  close(): void {
    this.#socket?.close();
  }

  #take({ t, view, now_us, show_us, state, patch, detail }: Message): void {
    if (t === 'error') {
      console.warn(`the hub says: ${detail}`);
      return;
    }
    if (view !== undefined) {
      if (t === 'snapshot') this.#states.set(view, state ?? null);
      else if (t === 'delta') this.#states.set(view, merge(this.#states.get(view), patch ?? {}));
    }
    this.listener.onheard({ states: this.#states, nowUs: now_us, showUs: show_us });
  }
}
