/** What people and programs may do: each of the first three may do what those before it may. */

export const ROLES = ['viewer', 'operator', 'admin', 'node', 'metrics'] as const;
export type Role = (typeof ROLES)[number];

const PEOPLE: readonly Role[] = ['viewer', 'operator', 'admin'];

/** Whether who has the role `held` may do what takes `needed`. */
export function allows(held: Role, needed: Role): boolean {
  return held === needed || (PEOPLE.includes(needed) && PEOPLE.indexOf(held) > PEOPLE.indexOf(needed));
}

/** In words, for who chooses one. */
export const MEANING: Record<Role, string> = {
  viewer: 'sees everything, changes nothing',
  operator: 'plays the show: scenes, cues, blackout',
  admin: 'everything: patch, updates, accounts',
  node: 'a node’s or receiver’s own calls',
  metrics: 'reads /metrics and nothing else',
};

/** What names of accounts and keys are made of, as a pattern of HTML. */
export const NAME = '[A-Za-z0-9._@\\-]+';
