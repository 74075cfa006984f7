/** Makes the picture of the show that the page draws from what the hub sends: live views, or one answer of `GET /api/v1/show`. */

import type { Scene, Show, ShowNode, Tick } from '../hub/shapes.ts';

/** A node as the hub tells of it: ages are on its own clock, or in milliseconds; what has no value may be missing. */
export interface ToldNode extends Partial<Omit<ShowNode, 'heard_at'>> {
  id: number;
  mac: string;
  /** In live views: when it was heard, on the hub's clock. */
  seen_us?: number;
  /** In answers: how long ago that was. */
  last_seen_ms?: number | null;
}

const UNSAID: Omit<ShowNode, 'id' | 'mac' | 'heard_at'> = {
  name: null,
  state: 'offline',
  degraded: null,
  ip: null,
  udp_port: null,
  fw: '',
  platform: '',
  updatable: false,
  restartable: false,
  leds: 0,
  channels: 0,
  lock: false,
  sigma_ns: 0,
  bound_ns: 0,
  drift_us: 0,
  loss_pct: 0,
  rssi: 0,
  fps: 0,
  late_ns_p99: 0,
  frames_missed: 0,
  late_changes: 0,
  reconnects: 0,
  uptime_s: null,
  legacy: false,
  packets: null,
  bytes: null,
  groups: [],
  page: null,
};

/** `hubToPage`: what is to be added to the hub's clock, in milliseconds, to have the page's; `atMs` the page's clock now. */
export function node(told: ToldNode, atMs: number, hubToPage: number): ShowNode {
  const { seen_us, last_seen_ms, ...rest } = told;
  let heard_at: number | null = null;
  if (seen_us !== undefined) heard_at = seen_us / 1000 + hubToPage;
  else if (last_seen_ms !== undefined && last_seen_ms !== null) heard_at = atMs - last_seen_ms;
  return { ...UNSAID, ...rest, heard_at };
}

/** An answer of `GET /api/v1/show`. */
export type ToldShow = Omit<Show, 'nodes'> & { nodes: ToldNode[] };

export function ofAnswer(told: ToldShow, atMs: number): Show {
  return { ...told, nodes: told.nodes.map((one) => node(one, atMs, 0)) };
}

/** The state of the live view `show`. */
export interface LiveShow {
  boot_id: number;
  rev: number;
  tempo: { bpm: number; beats_per_bar: number; beat: number; at_us: number };
  master: { level: number; blackout: boolean };
  scene: Scene;
  armed?: string;
  tick: Tick;
  risks: string[];
}
/** The state of the live view `nodes`. */
export interface LiveNodes {
  nodes?: Record<string, ToldNode>;
}

/** Nodes that were made before from the same words need not be made again. */
export class Assembly {
  #made = new WeakMap<ToldNode, ShowNode>();
  /** The least that was between the hub's clock and the page's: what comes late only seems farther. */
  #hubToPage = Number.POSITIVE_INFINITY;

  /** `nowUs`, `showUs`: the hub's clocks when it said so. */
  show(show: LiveShow, nodes: LiveNodes, nowUs: number, showUs: number, atMs: number): Show {
    const between = atMs - nowUs / 1000;
    // Made anew when the clocks have moved apart, as after a hub's restart.
    if (between < this.#hubToPage - 5 || between > this.#hubToPage + 2000) {
      this.#hubToPage = between;
      this.#made = new WeakMap();
    }
    const made = (told: ToldNode) => {
      const known = this.#made.get(told) ?? node(told, atMs, this.#hubToPage);
      this.#made.set(told, known);
      return known;
    };
    const { at_us, beat, ...tempo } = show.tempo;
    return {
      ...show,
      armed: show.armed ?? null,
      show_us: showUs,
      tempo: { ...tempo, beat: beat + ((showUs - at_us) * tempo.bpm) / 60_000_000 },
      nodes: Object.values(nodes.nodes ?? {})
        .sort((a, b) => a.id - b.id)
        .map(made),
    };
  }
}
