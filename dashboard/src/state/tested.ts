/** What came of a test of a node's connection, in words. */

import { span } from './words.ts';

/** Round trips over one way; times in nanoseconds or microseconds, as far as they were measured. */
export interface Way {
  sent?: number;
  lost?: number;
  min_us?: number | null;
  median_us?: number | null;
  max_us?: number | null;
}
export interface Test {
  control?: Way | null;
  exchange?: Way | null;
}

function way(name: string, one: Way | null | undefined): string[] {
  if (!one) return [];
  const figure = (us: number | null | undefined) => (us === null || us === undefined ? null : span(us * 1000));
  const [least, middle, most] = [figure(one.min_us), figure(one.median_us), figure(one.max_us)];
  const times = middle ? `${middle}${least && most ? ` (${least} to ${most})` : ''}` : 'no answer';
  const lost = one.sent ? `, ${one.lost ?? 0} of ${one.sent} lost` : '';
  return [`${name}: ${times}${lost}`];
}

export function tested(test: Test): string {
  const ways = [...way('Control', test.control), ...way('Time exchange', test.exchange)];
  return ways.length > 0 ? `${ways.join('. ')}.` : 'It answered.';
}
