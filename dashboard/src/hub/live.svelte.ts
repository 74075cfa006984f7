/**
 * The show as the page sees it now, and how sure that is. Everything on the page reads from here. It comes by the live
 * connection; where the hub does not open one, by asking twice a second.
 */

import { Assembly, node as assembled, ofAnswer, type LiveNodes, type LiveShow, type ToldNode, type ToldShow } from '../state/assemble.ts';
import { changes, type Change } from '../state/changes.ts';
import { BEGINNING, step, type Link, type LinkEvent } from '../state/link.ts';
import { EMPTY, sample, type History } from '../state/history.ts';
import type { Picture } from '../state/picture.ts';
import { get, Refused } from './call.ts';
import { Socket, type Heard } from './socket.ts';
import type { Show, ShowNode } from './shapes.ts';

const ASK_MS = 500;
const LOOK_MS = 250;
/** Entries of the page's own log, at most; the oldest go. */
const LOG = 500;
/** Pixels of one node in a picture: a card is not wider. */
const PIXELS = 160;

export interface Entry extends Change {
  at: Date;
  number: number;
}

type OnPicture = (picture: Picture) => void;

class Live {
  show: Show | null = $state.raw(null);
  link: Link = $state.raw(BEGINNING);
  history: History = $state.raw(EMPTY);
  log: Entry[] = $state.raw([]);
  /** When the shown picture came, on the wall. */
  seen: Date | null = $state.raw(null);
  /** The page's clock, moved a few times a second, so that ages grow while nothing comes. */
  now: number = $state(performance.now());
  /** What the hub tells of views that are watched. */
  states: ReadonlyMap<string, unknown> = $state.raw(new Map());
  /** What only the view of one node tells. */
  details: ShowNode | null = $state.raw(null);
  /** Whether pictures of the nodes come. */
  hasPictures: boolean = $state(false);

  /** Whether the hub tells what changes by itself. */
  isStreaming = false;
  /** Whether the hub's own log is followed. */
  hasEvents = false;

  #entries = 0;
  #assembly = new Assembly();
  #socket = new Socket({ onheard: (heard) => this.#take(heard), onpicture: (picture) => this.#draw(picture) });
  #node: number | null = null;
  /** Other views that pages watch, and how many watch each. */
  #views = new Map<string, number>();
  #watchers = new Set<OnPicture>();
  #pictured: readonly number[] = [];

  /** How long ago what is shown was true, milliseconds. */
  get age(): number {
    return this.link.heardAt === null ? 0 : Math.max(0, this.now - this.link.heardAt);
  }

  /** How long ago a node was heard. */
  heardAgo(node: Pick<ShowNode, 'heard_at'>): number | null {
    return node.heard_at === null ? null : Math.max(0, this.now - node.heard_at);
  }

  /** Puts something into the log, at its place in time. */
  note(entry: Change, at: Date = new Date()): void {
    const place = this.log.findIndex((other) => other.at <= at);
    const line = { ...entry, at, number: this.#entries++ };
    this.log = this.log.toSpliced(place === -1 ? this.log.length : place, 0, line).slice(0, LOG);
  }

  /** Has all about one node told, until the answered function is called. */
  watchNode(number: number): () => void {
    this.#node = number;
    this.#socket.say({ t: 'subscribe', view: `node/${number}` });
    return () => {
      this.#socket.say({ t: 'unsubscribe', view: `node/${number}` });
      if (this.#node === number) this.#node = null;
    };
  }

  /** Has a view told until the answered function is called; its state is in `states`. */
  watch(view: string): () => void {
    const count = this.#views.get(view) ?? 0;
    this.#views.set(view, count + 1);
    if (count === 0) this.#socket.say({ t: 'subscribe', view });
    return () => {
      const left = (this.#views.get(view) ?? 1) - 1;
      if (left > 0) this.#views.set(view, left);
      else if (this.#views.delete(view)) this.#socket.say({ t: 'unsubscribe', view });
    };
  }

  /** Has pictures drawn by `draw` until the answered function is called. */
  watchPictures(draw: OnPicture): () => void {
    this.#watchers.add(draw);
    if (this.#watchers.size === 1) this.#socket.say(this.#wish());
    return () => {
      this.#watchers.delete(draw);
      if (this.#watchers.size === 0) this.#socket.say({ t: 'unsubscribe', view: 'previews' });
    };
  }

  /** Which nodes are to be in the pictures, by number. */
  picture(nodes: readonly number[]): void {
    if (nodes.join() === this.#pictured.join()) return;
    this.#pictured = nodes;
    if (this.#watchers.size > 0) this.#socket.say(this.#wish());
  }

  #wish(): object {
    return { t: 'subscribe', view: 'previews', nodes: this.#pictured, pixels: PIXELS };
  }

  #draw(picture: Picture): void {
    this.hasPictures = true;
    for (const draw of this.#watchers) draw(picture);
  }

  #take({ states, nowUs, showUs }: Heard): void {
    const [show, nodes] = [states.get('show'), states.get('nodes')];
    if (!show || !nodes) return;
    const at = performance.now();
    this.isStreaming = true;
    // Parts that did not change are the same objects: who reads one view is not woken by another.
    for (const view of this.#views.keys()) {
      if (this.states.get(view) !== states.get(view)) this.states = new Map(this.states).set(view, states.get(view));
    }
    this.#hear(this.#assembly.show(show as unknown as LiveShow, nodes as unknown as LiveNodes, nowUs, showUs, at), at);
    const one = this.#node === null ? undefined : states.get(`node/${this.#node}`);
    const told = one as unknown as ToldNode | undefined;
    this.details = told?.id === undefined ? null : assembled(told, at, 0);
  }

  #hear(show: Show, at: number): void {
    // What the hub tells itself need not be found by looking; that it is another run of it, it does not tell.
    const isNewRun = this.show !== null && this.show.boot_id !== show.boot_id;
    if (isNewRun) this.note({ weight: 'warn', text: 'The hub was restarted' });
    if (!this.hasEvents && !isNewRun) for (const change of changes(this.show, show)) this.note(change);
    this.show = show;
    this.seen = new Date();
    this.now = at;
    this.history = sample(this.history, show.nodes, at);
    this.#tell({ kind: 'heard', at });
  }

  #tell(event: LinkEvent): void {
    const before = this.link;
    this.link = step(before, event);
    if (before.phase === 'live' && this.link.phase === 'silent') this.note({ weight: 'bad', text: 'No word from the hub' });
    if (before.phase === 'silent' && this.link.phase === 'live') this.note({ weight: 'note', text: 'The hub is back' });
  }

  /** The hub does not know any more who this is. */
  lock(reason: string): void {
    this.#tell({ kind: 'refused', reason });
    this.#socket.close();
  }

  /** Opens the live connection anew, as somebody else. */
  connectAgain(): void {
    this.#socket.close();
  }

  /** Follows the show until the page is closed. */
  async follow(): Promise<void> {
    setInterval(() => {
      this.now = performance.now();
      this.#tell({ kind: 'passed', at: this.now });
    }, LOOK_MS);
    for (;;) {
      await this.#socket.watch(() => [
        { view: 'show' },
        { view: 'nodes' },
        ...(this.#node === null ? [] : [{ view: `node/${this.#node}` }]),
        ...[...this.#views.keys()].map((view) => ({ view })),
        ...(this.#watchers.size === 0 ? [] : [this.#wish()]),
      ]);
      this.hasPictures = false;
      this.isStreaming = false;
      // Why it ended, or was never open, an ordinary question tells: no hub, no key, or no live connection.
      await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  /** Asks for the whole once. */
  async refresh(): Promise<void> {
    try {
      const told = await get<ToldShow>('/api/v1/show');
      const at = performance.now();
      this.#hear(ofAnswer(told, at), at);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const refused = error instanceof Refused && error.status === 401;
      this.#tell(refused ? { kind: 'refused', reason } : { kind: 'failed', reason });
    }
  }
}

export const live = new Live();
