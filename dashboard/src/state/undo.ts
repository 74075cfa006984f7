/** What can be taken back: a bounded list of edits, newest last, without network. */

export interface Edit {
  label: string;
  /** Takes the edit back. */
  revert: () => Promise<unknown>;
}

export const DEPTH = 50;

/** The list with one more edit; the oldest goes when it is full. */
export function push(list: readonly Edit[], edit: Edit): Edit[] {
  return [...list, edit].slice(-DEPTH);
}

/** The newest edit and the list without it. */
export function pop(list: readonly Edit[]): { edit: Edit | undefined; rest: Edit[] } {
  return { edit: list.at(-1), rest: list.slice(0, -1) };
}
