/** Lines that say the same one after the other, as one with how often. */

export interface Folded<T> {
  newest: T;
  count: number;
}

/** `lines` newest first; what is alike is decided by weight and text. */
export function fold<T extends { weight: string; text: string }>(lines: readonly T[]): Folded<T>[] {
  const folded: Folded<T>[] = [];
  for (const line of lines) {
    const last = folded.at(-1);
    if (last && last.newest.text === line.text && last.newest.weight === line.weight) last.count++;
    else folded.push({ newest: line, count: 1 });
  }
  return folded;
}
