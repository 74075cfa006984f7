/** Events of the hub (`GET /api/v1/events`): read from the stream, and said in words. */

import type { Change, Weight } from './changes.ts';

export interface Told {
  id: string;
  type: string;
  /** Wall clock, RFC 3339. */
  time?: string;
  data: Record<string, unknown>;
}

/** Takes a stream of server-sent events apart. Feed it what comes; it answers the events that are whole. */
export class Parts {
  #rest = '';

  feed(text: string): Told[] {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const data = block
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n');
      try {
        return data === '' ? [] : [JSON.parse(data) as Told];
      } catch {
        return [];
      }
    });
  }
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** An event in words; null for what nobody looks for in a log. `name` gives the name of a node by its number. */
export function sentence(told: Told, name: (number: number) => string): Change | null {
  const { data } = told;
  const node = typeof data['node'] === 'number' ? name(data['node']) : 'somebody';
  const why = data['why'] ? `: ${text(data['why'])}` : '';
  const scope = text(data['scope']) || 'the show';
  const say = (words: string, weight: Weight = 'note'): Change => ({ weight, text: words });
  switch (told.type) {
    case 'node.asks':
      return say(`${text(data['mac'])} asks to join from ${text(data['ip'])} with the code ${text(data['code'])}`, 'warn');
    case 'node.joined':
      return say(`${node} joined from ${text(data['ip'])}`);
    case 'node.ready':
      return say(`${node} is ready`);
    case 'node.degraded':
      return say(`${node} is degraded${why}`, 'warn');
    case 'node.lost':
      return say(`${node} is lost${why}`, 'bad');
    case 'node.removed':
      return say(`${node} is offline`, 'warn');
    case 'node.forgotten':
      return say(`${text(data['mac']) || node} was forgotten`);
    case 'node.renamed':
      return say(`Node ${text(data['node'])} is now called ${text(data['name']) || 'nothing'}`);
    case 'scene.changed':
      return say(`A scene for ${scope}`);
    case 'pattern.started':
      return say(`A pattern plays on ${scope}`);
    case 'pattern.stopped':
      return say(`No pattern plays on ${scope}`);
    case 'blackout':
      return say(data['on'] === true ? 'Blackout' : 'Lights are back', 'warn');
    case 'master.changed':
      return say(`Grand master at ${Math.round((Number(data['level']) / 255) * 100)} %`);
    case 'tempo.changed':
      return say('The tempo changed');
    case 'group.changed':
      return say(`Group ${text(data['name'])} changed`);
    case 'group.deleted':
      return say(`Group ${text(data['name'])} was deleted`);
    case 'universes.assigned':
      return say(data['node'] === undefined ? `Universes ${text(data['universes']) || 'of its own settings'}` : `${node} plays universes ${text(data['universes']) || 'of its own settings'}`);
    case 'node.laid-out':
      return say(`${data['node'] === undefined ? '' : `${node}: `}LEDs as ${text(data['geometry']) || 'its own settings say'}`);
    case 'node.named':
      return say(`Named ${text(data['name']) || 'nothing'}`);
    case 'cue.ordered':
      return say(`${text(data['order']).toUpperCase()} of list ${text(data['list'])}`);
    case 'show.loaded':
      return say(`The show ${text(data['label']) || 'without a name'} was loaded`);
    case 'show.unloaded':
      return say('No show any more');
    case 'rollout.begun':
      return say(`Rollout of ${text(data['version'])}`);
    case 'rollout.word':
      return say(`Rollout: ${text(data['word'])}`);
    case 'show.armed':
      return say(data['name'] ? `Armed: ${text(data['name'])}` : 'Disarmed', 'warn');
    case 'update.rollout':
      return say(`Rollout of ${text(data['version'])}: ${text(data['state'])}${why}`, data['state'] === 'stopped' ? 'bad' : 'note');
    case 'update.offered':
      return say(`${node} is offered ${text(data['version'])}`);
    case 'update.step':
      return say(`${node}: update ${text(data['state'])}${data['error'] ? `, ${text(data['error'])}` : ''}`, data['error'] ? 'bad' : 'note');
    case 'connection.refused':
      return say(`A connection of ${node} was refused${why}`, 'warn');
    case 'hub.overrun':
      return say('A tick ended late', 'warn');
    case 'hub.ticks-missed':
      return say('Ticks were left out', 'warn');
    case 'hub.saved-ignored':
      return say(`Saved state was set aside: ${text(data['what'])}`, 'warn');
    case 'alert':
      return say(`${text(data['node_id'])}: ${text(data['why'])}`, 'bad');
    case 'receiver.lost':
      return say(`Receiver ${text(data['node_id'])} is lost`, 'bad');
    case 'lost':
      return say('Earlier events are no longer kept', 'warn');
    default:
      return say(`${told.type}${why}${data['node'] !== undefined ? ` (${node})` : ''}`);
  }
}

/** Commands of operators are named as the events they lead to. */
function ofEvent(type: string, data: Record<string, unknown>): string {
  const said = sentence({ id: '', type, data }, (number) => `node ${number}`);
  return said?.text ?? type;
}

/** A command in words, as `{"type":"cue","cue_id":1.5,"fade_time":3}` or a text that says it already. */
export function order(command: string | Record<string, unknown>): string {
  if (typeof command === 'string') return command;
  const fade = command['fade_time'] === undefined ? '' : ` in ${text(command['fade_time'])} s`;
  switch (command['type']) {
    case 'cue':
      return `Cue ${text(command['cue_id'])}${fade}`;
    case 'blackout':
      return command['on'] === false ? 'Lights back' : 'Blackout';
    case 'clear':
      return 'Clear';
    case 'intensity':
      return `Intensity ${Math.round((Number(command['level']) / 255) * 100)} %${fade}`;
    case 'media':
      return `${text(command['action'])} ${text(command['name'])}`;
    case 'identify':
      return 'Identify';
    default:
      return typeof command['type'] === 'string' ? ofEvent(command['type'], command) : JSON.stringify(command);
  }
}
