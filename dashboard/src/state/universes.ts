/** Universes as sets of numbers, and as people write them: `1..4, 7`. */

export const LAST = 63_999;
/** Ranges of one node that the hub takes. */
export const MOST_RANGES = 32;

/** Reads `1..4` and `7`, or a list of them in one text; null for what is none. */
export function readUniverses(words: readonly string[] | string): Set<number> | null {
  const list = typeof words === 'string' ? words.split(/[,\s]+/).filter((word) => word !== '') : words;
  const found = new Set<number>();
  for (const word of list) {
    const [, first, last] = /^(\d+)(?:(?:\.\.|-|–)(\d+))?$/.exec(word.trim()) ?? [];
    if (first === undefined) return null;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (from < 1 || to > LAST || from > to) return null;
    for (let number = from; number <= to; number++) found.add(number);
  }
  return found;
}

/** The same as ranges, rising. */
export function writeUniverses(universes: Iterable<number>): string[] {
  const ranges: [number, number][] = [];
  for (const number of [...universes].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && number <= last[1] + 1) last[1] = Math.max(last[1], number);
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}..${last}`));
}

export interface Plays {
  universes: ReadonlySet<number>;
}

/** Universes of the show that nobody plays, and those that several do. */
export function gaps(show: ReadonlySet<number>, players: readonly Plays[]): { nobody: number[]; several: number[] } {
  const count = new Map<number, number>();
  for (const { universes } of players) for (const number of universes) count.set(number, (count.get(number) ?? 0) + 1);
  return {
    nobody: [...show].filter((number) => !count.has(number)),
    several: [...count].filter(([, players]) => players > 1).map(([number]) => number),
  };
}
