/** What became different from one picture of the show to the next, in words for the log. */

import type { Show, ShowNode } from '../hub/shapes.ts';

export type Weight = 'note' | 'warn' | 'bad';

export interface Change {
  weight: Weight;
  text: string;
}

export function nodeLabel(node: Pick<ShowNode, 'name' | 'mac'>): string {
  return node.name ?? node.mac;
}

const WEIGHTS: Record<string, Weight> = { lost: 'bad', degraded: 'warn', offline: 'warn' };

export function changes(before: Show | null, after: Show): Change[] {
  if (!before) return [];
  const found: Change[] = [];
  const note = (text: string, weight: Weight = 'note') => found.push({ weight, text });
  if (before.master.blackout !== after.master.blackout) note(after.master.blackout ? 'Blackout' : 'Lights are back', 'warn');
  if (before.scene.effect !== after.scene.effect || before.scene.palette !== after.scene.palette) {
    note(`The show is ${after.scene.effect} in ${after.scene.palette}`);
  }
  if (before.armed !== after.armed) note(after.armed ? `Armed: ${after.armed}` : 'Disarmed');
  if (after.tick.overruns > before.tick.overruns) note(`${after.tick.overruns - before.tick.overruns} ticks took too long`, 'warn');
  const known = new Map(before.nodes.map((node) => [node.mac, node]));
  for (const node of after.nodes) {
    const old = known.get(node.mac);
    known.delete(node.mac);
    if (!old) note(`${nodeLabel(node)} is new`);
    else {
      if (old.state !== node.state) {
        const why = node.degraded ? `: ${node.degraded}` : '';
        note(`${nodeLabel(node)} is ${node.state}${why}`, WEIGHTS[node.state] ?? 'note');
      }
      if (old.name !== node.name) note(`${nodeLabel(old)} is now called ${nodeLabel(node)}`);
      if (old.fw !== node.fw) note(`${nodeLabel(node)} runs ${node.fw}`);
    }
  }
  for (const gone of known.values()) note(`${nodeLabel(gone)} was forgotten`);
  return found;
}
