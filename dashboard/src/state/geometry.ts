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

export const SHAPES = { strip: 'Line', ring: 'Ring', matrix: 'Matrix' } as const;
export type Shape = keyof typeof SHAPES;
export const CORNERS = { 'top-left': 'Top left', 'top-right': 'Top right', 'bottom-left': 'Bottom left', 'bottom-right': 'Bottom right' } as const;
export type Corner = keyof typeof CORNERS;

/** A layout that is being made. */
export interface Layout {
  shape: Shape;
  /** LEDs in a row of a matrix. */
  width: number;
  /** Where the wiring of a matrix begins. */
  corner: Corner;
  /** Every second line of the wiring runs backwards. */
  serpentine: boolean;
  /** The wiring runs along columns. */
  vertical: boolean;
}

/** The layout that a node has; for one without, a line. */
export function readLayout({ leds, geometry }: LaidOut): Layout {
  const [shape = '', size = '', ...options] = geometry?.split(':') ?? [];
  const corner = options.find((option): option is Corner => option in CORNERS) ?? 'top-left';
  return {
    shape: shape in SHAPES ? (shape as Shape) : 'strip',
    width: (shape === 'matrix' && Number.parseInt(size)) || squarest(leds),
    corner,
    serpentine: options.includes('serpentine'),
    vertical: options.includes('vertical'),
  };
}

/** As the hub takes it; null for a matrix whose rows do not come out even. */
export function writeLayout({ shape, width, corner, serpentine, vertical }: Layout, leds: number): string | null {
  if (shape !== 'matrix') return `${shape}:${leds}`;
  const height = leds / width;
  if (width < 1 || !Number.isInteger(width) || !Number.isInteger(height)) return null;
  const options = [serpentine && 'serpentine', vertical && 'vertical', corner !== 'top-left' && corner];
  return [`matrix:${width}x${height}`, ...options.filter(Boolean)].join(':');
}

/** Where each LED of a matrix is, column and row, in the order of the wiring; nothing where rows do not come out even. */
export function cells(layout: Layout, leds: number): [column: number, row: number][] {
  const { width, corner, serpentine, vertical } = layout;
  if (layout.shape !== 'matrix' || writeLayout(layout, leds) === null) return [];
  const height = leds / width;
  const run = vertical ? height : width;
  return Array.from({ length: leds }, (_, index) => {
    const line = Math.floor(index / run);
    const place = serpentine && line % 2 === 1 ? run - 1 - (index % run) : index % run;
    const [column, row] = vertical ? [line, place] : [place, line];
    return [corner.endsWith('right') ? width - 1 - column : column, corner.startsWith('bottom') ? height - 1 - row : row];
  });
}

/** The longer side of the matrix of so many LEDs that is nearest to a square. */
function squarest(leds: number): number {
  let side = Math.ceil(Math.sqrt(Math.max(leds, 1)));
  while (leds % side !== 0) side++;
  return side;
}
