/** Finding nodes among many by what someone types. */

/** Rows drawn at once; what is typed finds the others. */
export const MOST = 250;

/** Whether what is `wanted` is in these words, in capitals or not. Nothing wanted is in all. */
export function fits(wanted: string, ...words: (string | number | null | undefined)[]): boolean {
  return words.filter((word) => word != null).join(' ').toLowerCase().includes(wanted.trim().toLowerCase());
}
