/** Which nodes belong to the show, which ask to join it, and the operator's word on them. */

import { commands } from './commands.svelte.ts';
import { Document } from './document.svelte.ts';
import type { Pairings, SettledNode, WaitingNode } from './shapes.ts';

export const pairings = new Document<Pairings>('/api/v1/pairings', 5000);

type Node = WaitingNode | SettledNode;

export async function admit(node: Node): Promise<void> {
  const answer = await commands.send(`Admit ${node.mac}`, 'POST', path(node));
  if (answer !== null) commands.say(`${node.mac} is admitted, and comes within seconds`);
  await pairings.load();
}

/** Refuses a node that waits, or one that was admitted: its session ends. */
export async function refuse(node: Node): Promise<void> {
  const answer = await commands.send(`Refuse ${node.mac}`, 'DELETE', path(node));
  if (answer !== null) commands.say(`${node.mac} is refused`);
  await pairings.load();
}

function path(node: Node): string {
  return `/api/v1/pairings/${encodeURIComponent(node.id)}`;
}
