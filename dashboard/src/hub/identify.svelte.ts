/**
 * Shows which lamp is which: a node's brightness goes down and up a few times, slower than flicker, and ends where it was.
 * The phases of its effect go on untouched, so it stays in step with the others.
 */

import { get } from './call.ts';
import { commands } from './commands.svelte.ts';
import type { Scene } from './shapes.ts';

const PULSES = 3;
/** Once down and up in 1.2 s: far below three flashes a second. */
const HALF_MS = 600;

class Identify {
  running: ReadonlySet<string> = $state.raw(new Set());

  async run(mac: string): Promise<void> {
    if (this.running.has(mac)) return;
    this.running = new Set([...this.running, mac]);
    const scope = `node:${mac}`;
    const set = (brightness: number) => commands.send('Identify', 'POST', '/api/v1/parameters', { scope, brightness, fade_ms: 150 });
    try {
      const before = (await get<Scene>(`/api/v1/scene?scope=${encodeURIComponent(scope)}`)).brightness;
      for (let pulse = 0; pulse < PULSES; pulse++) {
        for (const level of [before > 127 ? 16 : 255, before]) {
          if ((await set(level)) === null) return;
          await new Promise((resolve) => setTimeout(resolve, HALF_MS));
        }
      }
    } catch (error) {
      commands.say(`Identify: ${error instanceof Error ? error.message : String(error)}`, true);
    } finally {
      this.running = new Set([...this.running].filter((other) => other !== mac));
    }
  }
}

export const identify = new Identify();
