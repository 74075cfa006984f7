/** What the hub's API answers, as far as the page uses it (docs/operations/api.md). */

import type { Role } from '../state/roles.ts';

export type NodeState = 'pending' | 'authed' | 'ready' | 'degraded' | 'lost' | 'offline';

export interface ShowNode {
  id: number;
  mac: string;
  name: string | null;
  state: NodeState;
  degraded: string | null;
  ip: string | null;
  udp_port: number | null;
  fw: string;
  platform: string;
  updatable: boolean;
  restartable: boolean;
  leds: number;
  channels: number;
  lock: boolean;
  sigma_ns: number;
  bound_ns: number;
  drift_us: number;
  loss_pct: number;
  rssi: number;
  fps: number;
  late_ns_p99: number;
  frames_missed: number;
  late_changes: number;
  reconnects: number;
  uptime_s: number | null;
  /** When it was heard, on the page's clock, milliseconds; null for never. */
  heard_at: number | null;
  legacy: boolean;
  packets: number | null;
  bytes: number | null;
  groups: string[];
  /** Where it serves a page of its own. */
  page: string | null;
  /** How its LEDs are laid out; nothing where it does not say. */
  geometry?: string | null;
  /** Whether the hub was told that, in place of what its own settings say. */
  laid_out?: boolean;
}

export interface Scene {
  effect: string;
  palette: string;
  brightness: number;
  speed: number;
  hue: number;
  intensity: number;
  saturation: number;
  complexity: number;
  variation: number;
  colors: [string, string, string];
  seed: number;
  zones: unknown[];
  pattern?: { id: string; loop: boolean; starts_at_us: number };
  fade_ms: number;
  rev: number;
  apply_at_us: number;
}

export interface Tempo {
  bpm: number;
  beats_per_bar: number;
  beat: number;
}

export interface Tick {
  hz: number;
  overruns: number;
  missed: number;
  cost_us_p50: number;
  cost_us_p99: number;
  cost_us_max: number;
}

export interface Show {
  show_us: number;
  boot_id: number;
  rev: number;
  tempo: Tempo;
  master: { level: number; blackout: boolean };
  scene: Scene;
  armed: string | null;
  tick: Tick;
  nodes: ShowNode[];
  risks: string[];
}

export interface Group {
  name: string;
  members: string[];
  lead_ms: number | null;
}

export interface Named {
  id: number;
  name: string;
  description: string;
}
export interface Palette extends Named {
  /** Colours along it, from the hub's own table; none for the scene's own colours. */
  colors?: string[];
}
export interface Preset {
  name: string;
  description: string;
  effect: string;
  palette: string;
  /** Its own colours, for a palette that takes those. */
  colors?: string[];
}

export interface Pattern {
  name: string;
  size: number;
  sha256: string;
  id: string;
  leds?: number;
  frames?: number;
  fps?: number;
  duration_ms?: number;
  warning?: string;
  problem?: string;
}
export interface Holding {
  mac: string;
  name: string | null;
  have: number | null;
  missing: number | null;
  problem: string | null;
  said_ms: number | null;
}

export interface Image {
  platform: string;
  channel: string;
  version: string;
  size: number;
  sha256: string;
  counter: number | null;
  expires_s: number | null;
  signers: string[];
}
export interface RolloutStep {
  mac: string;
  id: number | null;
  name: string | null;
  state: string;
  pct: number | null;
  reason: string | null;
  log: string | null;
  from: string;
  spent_ms: number | null;
}
export interface Rollout {
  number: number;
  version: string;
  state: string;
  over: boolean;
  detail: string | null;
  nodes: RolloutStep[];
  left_out: { mac: string; name: string | null; reason: string }[];
}
export interface Rollouts {
  armed: string | null;
  rollout: Rollout | null;
  past: { number: number; version: string; finished: boolean; nodes: number; done: number; failed: number }[];
}

export interface CueName {
  cue: string;
  label: string;
}
export interface CueList {
  list: number;
  label: string;
  cues: number;
  current: CueName | null;
  next: CueName | null;
  since_us: number | null;
  progress: number;
  remaining_ms: number;
  follows_at_us: number | null;
  paused: boolean;
}
export interface Cues {
  show_us: number;
  show: { label: string; sha256: string } | null;
  lists: CueList[];
  nodes: { node: number; name: string; late: number; failed: boolean }[];
}

export interface NodeUniverses {
  node: number;
  mac: string;
  name?: string | null;
  /** What its own settings say. */
  own?: string[] | null;
  /** What it was given; none: its own. */
  assigned?: string[] | null;
  /** Whether it takes what it is given. */
  follows: boolean;
}
export interface UniversesTold {
  show: string[];
  nodes: NodeUniverses[];
  receivers: { node_id: string; universes: string[] }[];
}

export interface Answer {
  apply_at_us: number;
  rev: number;
  repeated: boolean;
  nodes: number;
}

/** An instant on the wall, RFC 3339 or seconds since 1970. */
export type Instant = string | number;

export interface AccountEntry {
  name: string;
  role: Role;
}
export interface KeyEntry {
  id: string;
  name: string;
  role: Role;
  /** Those that whoever has it may drive; none: all. */
  universes?: string[] | null;
  expires_at?: Instant | null;
  last_used_at?: Instant | null;
}
export interface NewKey extends KeyEntry {
  /** In this answer and never again. */
  key: string;
}
export interface SessionEntry {
  id: string;
  account: string;
  address?: string | null;
  created_at?: Instant | null;
  expires_at?: Instant | null;
  is_current?: boolean;
}

/** A node that asks to join the show. */
export interface WaitingNode {
  id: string;
  /** What the node shows too, if nobody is in between. */
  code: string;
  mac: string;
  name: string | null;
  ip: string;
  first_s: number;
  last_s: number;
}
/** A node that was admitted or refused. */
export interface SettledNode {
  id: string;
  code: string;
  mac: string;
  since_s: number;
}
export interface Pairings {
  waiting: WaitingNode[];
  admitted: SettledNode[];
  refused: SettledNode[];
  /** Whether whoever asks is admitted. */
  admit_all: boolean;
}

/** A command that somebody gave, and what became of it. */
export interface CommandEntry {
  command_id: string;
  node_id?: string | null;
  command: Record<string, unknown> | string;
  ordered_at: Instant;
  state: string;
  why?: string | null;
  ordered_by?: string | null;
}
/** A document as it was after a change. */
export interface Revision {
  revision: number;
  made_at: string;
  made_by: string;
  what: string;
  /** The revision this one went back to. */
  same_as?: number | null;
}
export interface AuditEntry {
  id?: string | number;
  number?: number;
  at: Instant;
  who?: string | null;
  from?: string | null;
  what: string;
  outcome?: string | null;
}
