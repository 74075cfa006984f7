/** Whether what the page shows is what the show does: the state of the link to the hub, without clock or network. */

export type Phase = 'connecting' | 'live' | 'silent' | 'locked';

export interface Link {
  phase: Phase;
  /** When the hub was last heard, milliseconds of the page's clock. */
  heardAt: number | null;
  /** What the hub, or the lack of it, said last. */
  reason: string;
  /** How often it has come back. */
  returns: number;
}

/** Longer than this without a word and what is shown is old. */
export const SILENCE_MS = 2500;

export const BEGINNING: Link = { phase: 'connecting', heardAt: null, reason: '', returns: 0 };

export type LinkEvent =
  | { kind: 'heard'; at: number }
  | { kind: 'failed'; reason: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'passed'; at: number };

export function step(link: Link, event: LinkEvent): Link {
  switch (event.kind) {
    case 'heard': {
      const returned = link.phase === 'silent';
      return { phase: 'live', heardAt: event.at, reason: '', returns: link.returns + (returned ? 1 : 0) };
    }
    case 'failed':
      // A single lost answer is not worth an alarm; silence is, and `passed` notices it.
      return link.phase === 'live' ? { ...link, reason: event.reason } : { ...link, phase: link.heardAt === null ? 'connecting' : 'silent', reason: event.reason };
    case 'refused':
      return { ...link, phase: 'locked', reason: event.reason };
    case 'passed':
      return link.phase === 'live' && link.heardAt !== null && event.at - link.heardAt > SILENCE_MS
        ? { ...link, phase: 'silent' }
        : link;
  }
}
