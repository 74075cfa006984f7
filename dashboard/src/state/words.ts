/** Figures as people read them. */

/** Nanoseconds as microseconds or milliseconds. */
export function span(ns: number): string {
  const us = Math.abs(ns) / 1000;
  if (us < 10) return `${us.toFixed(1)} µs`;
  if (us < 1000) return `${us.toFixed(0)} µs`;
  return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}

/** How old something is. */
export function age(ms: number | null): string {
  if (ms === null) return 'never';
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

/** Show time as a clock that counts hours. */
export function showClock(us: number): string {
  const tenths = Math.max(0, Math.floor(us / 100_000));
  const part = (count: number) => String(count).padStart(2, '0');
  const seconds = Math.floor(tenths / 10);
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}.${tenths % 10}`;
}

/** A wall clock's time of day. */
export function timeOfDay(date: Date): string {
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
}

/** An instant on the wall: the time of day for one of today, else the day. */
export function day(instant: string | number): string {
  const date = new Date(typeof instant === 'number' ? instant * 1000 : instant);
  if (Number.isNaN(date.getTime())) return '–';
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? timeOfDay(date) : date.toLocaleDateString([], { year: 'numeric', month: 'short', day: 'numeric' });
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `ice-blue` as "Ice blue". */
export function title(name: string): string {
  const text = name.replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
