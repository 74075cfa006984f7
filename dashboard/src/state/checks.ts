/** Whether all is well between the hub and a node: one question at a time, as one would ask them on site. */

import type { ShowNode } from '../hub/shapes.ts';
import { age, span } from './words.ts';

export interface Check {
  question: string;
  /** Null: the node cannot tell. */
  isWell: boolean | null;
  finding: string;
  /** What to do when it is not well. */
  advice: string;
}

const HEARD_MS = 3000;
const LOSS_PCT = 2;
const BOUND_NS = 5_000_000;
const LATE_NS = 2_000_000;

/** `heardMs`: how long ago it was heard, or null for never. */
export function checks(node: ShowNode, heardMs: number | null): Check[] {
  const isHere = node.state !== 'lost' && node.state !== 'offline';
  const own = <T>(value: T): T | null => (node.legacy || !isHere ? null : value);
  return [
    {
      question: 'Is it reached?',
      isWell: isHere && heardMs !== null && heardMs < HEARD_MS,
      finding: heardMs === null ? 'not heard since the hub started' : `heard ${age(heardMs)} ago`,
      advice: 'Look at its power, its cable or radio, and that it is on this network.',
    },
    {
      question: 'Is its clock locked?',
      isWell: isHere ? node.lock : null,
      finding: node.legacy ? 'a deployed device does not tell' : node.lock ? `to ${span(node.sigma_ns)}, at most ${span(node.bound_ns)}` : 'not yet',
      advice: 'It needs some seconds after it has joined; later the way to it is too uneven.',
    },
    {
      question: 'Is the way even?',
      isWell: own(node.bound_ns < BOUND_NS),
      finding: node.legacy ? 'a deployed device does not tell' : `asymmetry of at most ${span(node.bound_ns)}`,
      advice: 'Less on the same radio channel, or a cable.',
    },
    {
      question: 'Do packets arrive?',
      isWell: isHere ? node.loss_pct < LOSS_PCT : null,
      finding: `${node.loss_pct.toFixed(1)} % lost`,
      advice: 'The show bears this; a better way to the node bears more.',
    },
    {
      question: 'Does its output keep up?',
      isWell: own(node.late_ns_p99 < LATE_NS && node.fps > 0),
      finding: node.legacy ? 'a deployed device does not tell' : `${node.fps.toFixed(0)} frames a second, ${span(node.late_ns_p99)} late (p99), ${node.frames_missed} missed`,
      advice: 'Give it real-time priority, fewer LEDs, or a faster machine.',
    },
    {
      question: 'Does the connection hold?',
      isWell: isHere ? node.reconnects < 3 : false,
      finding: node.reconnects === 1 ? '1 reconnection' : `${node.reconnects} reconnections`,
      advice: 'Its log says why it left.',
    },
  ];
}
