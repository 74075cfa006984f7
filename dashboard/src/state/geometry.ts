/** How a node's LEDs are laid out, as its hello says it: `strip:320`, `ring:60`, `matrix:16x16:serpentine`. */

import { plural } from './words.ts';

export interface LaidOut {
  leds: number;
  geometry?: string | null;
}

/** Whether there is more than a line to see. */
export function isMatrix(geometry: string | null | undefined): boolean {
  return geometry?.startsWith('matrix:') ?? false;
}

/** In words: "320 LEDs", "ring of 60 LEDs", "16 × 16 LEDs". */
export function laidOut({ leds, geometry }: LaidOut): string {
  const [shape, size = ''] = geometry?.split(':') ?? [];
  if (shape === 'ring') return `ring of ${plural(leds, 'LED')}`;
  if (shape === 'matrix' && /^\d+x\d+$/.test(size)) return `${size.replace('x', ' × ')} LEDs`;
  return plural(leds, 'LED');
}

/** How it is wired, for who looks closer: "serpentine, from the bottom left". */
export function wired(geometry: string | null | undefined): string {
  const words = geometry?.split(':').slice(2) ?? [];
  return words.map((word) => (word.includes('-') ? `from the ${word.replace('-', ' ')}` : word)).join(', ');
}
