/** What a node's `GET /api/status` and `GET /api/levels` answer. */

export interface Status {
  name: string | null;
  mac: string;
  version: string;
  hardware: string;
  /** The hub in its settings. */
  hub: string | null;
  leds: number;
  outputs: string[];
  lights: string[];
  gamma: number;
  uptime_s: number;
  age_ms: number;
  link: {
    state: 'disconnected' | 'connecting' | 'awaiting-welcome' | 'live';
    hub: string | null;
    node: number | null;
    complaint: string | null;
    sessions: number;
    losses: number;
    silences: number;
  };
  clock: {
    state: 'acquiring' | 'locked' | 'degraded' | 'holdover' | 'unlocked';
    is_usable: boolean;
    sigma_ns: number;
    bound_ns: number;
    drift_us: number;
    floor_rtt_us: number;
    skew_ppm: number;
    exchanges: number;
    refused: number;
  };
  stream: { loss_pct: number; received: number; lost: number; is_silent: boolean; late_changes: number };
  output: { fps: number; late_ns_p99: number; missed: number; frames: number };
  universes: {
    ranges: string[];
    is_assigned: boolean;
    sent: { universes: number; fps: number; late_ns_p99: number; missed: number; sent: number; blocked: number; failed: number } | null;
  };
  resources: { cpu_pct: number | null; memory: number | null; threads: number | null; load: number | null; available: number | null };
  /** RRGGBB of each pixel, or of as many at equal distances. */
  pixels: string;
  log: { ago_ms: number; kind: 'command' | 'link' | 'clock' | 'trouble'; text: string }[];
}

export interface Levels {
  show_us: number;
  universes: number[];
  universe: number | null;
  levels: number[];
}
