/** Whether all is well with a node, asked as one asks on site; and pixels as a screen shows them. */

import type { Check } from '../state/checks.ts';
import { span } from '../state/words.ts';
import type { Status } from './shapes.ts';

const LOSS_PCT = 2;
const LATE_NS = 2_000_000;

/** `before`: the status of some seconds ago, where there is one. */
export function findings(now: Status, before: Status | null): Check[] {
  const { link, clock, stream, output, universes } = now;
  const isLive = link.state === 'live';
  const hub = link.hub ?? now.hub ?? 'no hub found yet';
  const failing = universes.sent && before?.universes.sent ? universes.sent.failed - before.universes.sent.failed : 0;
  const blocked = universes.sent && before?.universes.sent ? universes.sent.blocked - before.universes.sent.blocked : 0;
  const goes = [...now.outputs, ...now.lights].join(', ');
  return [
    {
      question: 'Is the hub reached?',
      isWell: isLive,
      finding: isLive ? `${hub}, as node ${link.node ?? '?'}` : (link.complaint ?? `${link.state} to ${hub}`),
      advice: 'Look at the network cable or radio, that the hub runs, and at the hub’s address in this node’s settings.',
    },
    {
      question: 'Is the time locked?',
      isWell: clock.is_usable,
      finding: clock.is_usable ? `${clock.state}, to ${span(clock.sigma_ns)}, at most ${span(clock.bound_ns)} off` : clock.state,
      advice: 'It needs some seconds after it has joined. Later: UDP to the hub’s time exchange does not come through.',
    },
    {
      question: 'Do packets arrive?',
      isWell: isLive ? stream.loss_pct < LOSS_PCT && !stream.is_silent : null,
      finding: stream.is_silent ? 'the stream is silent' : `${stream.loss_pct.toFixed(1)} % lost in the last 5 s, ${stream.lost} of ${stream.received + stream.lost} since the start`,
      advice: stream.is_silent ? 'UDP from the hub does not come through: look for a firewall.' : 'The show bears this; a better way to the hub bears more.',
    },
    {
      question: 'Does the output keep up?',
      isWell: output.fps > 100 && output.late_ns_p99 < LATE_NS,
      finding: `${output.fps.toFixed(0)} frames a second, ${span(output.late_ns_p99)} late (p99), ${output.missed} missed`,
      advice: 'Give the node real-time priority, fewer LEDs, or a faster machine.',
    },
    {
      question: 'Is the output device there?',
      isWell: goes === '' ? false : universes.sent ? failing + blocked === 0 : null,
      finding:
        goes === ''
          ? 'frames are made and go nowhere'
          : universes.sent
            ? `${goes}: ${failing + blocked} datagrams not taken in the last seconds`
            : `${goes}: these protocols do not answer`,
      advice: goes === '' ? 'Start the node with --output or --lights.' : 'Look at the interface and the address of the receiver.',
    },
  ];
}

/** Code values of an output as a screen shows them: with the node's gamma taken back. */
export function screenPixels(hex: string, gamma: number): Uint8Array {
  const pixels = new Uint8Array(hex.length / 2);
  for (let at = 0; at < pixels.length; at++) {
    const value = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
    pixels[at] = Math.round(255 * (value / 255) ** (1 / gamma));
  }
  return pixels;
}
