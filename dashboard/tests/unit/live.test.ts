import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Assembly, ofAnswer, type LiveNodes, type LiveShow, type ToldShow } from '../../src/state/assemble.ts';
import { merge } from '../../src/state/merge.ts';
import { readPicture } from '../../src/state/picture.ts';
import { Parts, sentence } from '../../src/state/told.ts';

test('a merge patch is applied as RFC 7396 says, and leaves what it does not name as the same objects', () => {
  const before = { nodes: { 1: { name: 'a', fps: 120 }, 2: { name: 'b' } }, rev: 1 };
  const after = merge(before, { nodes: { 1: { name: 'c', fps: null }, 3: { name: 'd' } } }) as unknown as {
    nodes: Record<string, object>;
    rev: number;
  };
  assert.deepEqual(after, { nodes: { 1: { name: 'c' }, 2: { name: 'b' }, 3: { name: 'd' } }, rev: 1 });
  assert.equal(after.nodes['2'], before.nodes[2]);
  assert.deepEqual(before.nodes[1], { name: 'a', fps: 120 }, 'what was there is not touched');
  // From the table of the RFC.
  assert.deepEqual(merge({ a: [{ b: 'c' }] }, { a: [1] }), { a: [1] });
  assert.deepEqual(merge(['a', 'b'], { c: 1 }), { c: 1 });
  assert.deepEqual(merge({}, { a: { bb: { ccc: null } } }), { a: { bb: {} } });
  assert.equal(merge({ a: 'foo' }, null), null);
});

/** Two nodes, the first of them with two pixels, written from the layout in docs/api/live.md. */
function picture(): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(24 + 14 + 6 + 14));
  view.setUint8(0, 1);
  view.setUint8(1, 2);
  view.setUint16(2, 2, true);
  view.setUint32(4, 77, true);
  view.setBigInt64(8, 5_000_000n, true);
  view.setUint16(24, 7, true);
  view.setUint16(26, 2, true);
  view.setUint16(28, 1, true);
  view.setUint32(30, 160, true);
  view.setUint32(34, 12, true);
  new Uint8Array(view.buffer).set([255, 0, 1, 2, 3, 4], 38);
  view.setUint16(44, 9, true);
  return view.buffer;
}

test('a picture is read pixel by pixel, and one that ends early is none', () => {
  const read = readPicture(picture());
  assert.deepEqual([read?.number, read?.showUs, read?.nodes.size], [77, 5_000_000, 2]);
  const strip = read?.nodes.get(7);
  assert.deepEqual([strip?.leds, strip?.columns, strip?.rev, [...(strip?.pixels ?? [])]], [160, 1, 12, [255, 0, 1, 2, 3, 4]]);
  assert.equal(read?.nodes.get(9)?.pixels.length, 0);
  for (let end = 0; end < picture().byteLength; end++) assert.equal(readPicture(picture().slice(0, end)), null, `${end} bytes`);
  const other = picture();
  new DataView(other).setUint8(1, 1);
  assert.equal(readPicture(other), null, 'another form');
});

const liveShow = { tempo: { bpm: 120, beats_per_bar: 4, beat: 96, at_us: 48_000_000 } } as LiveShow;

test('what the live views tell becomes the show: nodes by number, ages on the page’s clock, the beat of now', () => {
  const assembly = new Assembly();
  const nodes: LiveNodes = { nodes: { 10: { id: 10, mac: 'b' }, 9: { id: 9, mac: 'a', name: 'bike', seen_us: 86_000_000 } } };
  const show = assembly.show(liveShow, nodes, 86_100_000, 49_000_000, 5000);
  assert.deepEqual(show.nodes.map(({ mac }) => mac), ['a', 'b']);
  assert.equal(show.nodes[0]?.heard_at, 4900, 'heard 100 ms before it was said');
  assert.deepEqual([show.nodes[1]?.heard_at, show.nodes[1]?.name, show.nodes[1]?.state], [null, null, 'offline']);
  assert.equal(show.tempo.beat, 98);
  assert.equal(show.armed, null);

  // A message that was 300 ms on its way does not make a node younger, and what did not change is the same object.
  const later = assembly.show(liveShow, nodes, 87_100_000, 50_000_000, 6300);
  assert.equal(later.nodes[0], show.nodes[0]);
  // Another hub has another clock.
  assert.equal(assembly.show(liveShow, nodes, 86_100_000, 0, 90_000).nodes[0]?.heard_at, 89_900);
});

test('an answer tells ages in milliseconds', () => {
  const told = { nodes: [{ id: 1, mac: 'a', last_seen_ms: 250 }, { id: 2, mac: 'b', last_seen_ms: null }] } as ToldShow;
  assert.deepEqual(ofAnswer(told, 1000).nodes.map(({ heard_at }) => heard_at), [750, null]);
});

test('events are read from a stream however it is cut, and said in words', () => {
  const event = (id: number, type: string, data: object) =>
    `id: a-${id}\nevent: ${type}\ndata: ${JSON.stringify({ id: `a-${id}`, type, time: '2026-11-21T17:35:00.042Z', data })}\n\n`;
  const stream = `: here\n\n${event(1, 'node.lost', { node: 2, why: 'silent for 3 s' })}${event(2, 'blackout', { on: true })}data: no json\n\n${event(3, 'new.kind', {})}`;
  for (const length of [1, 7, 50, stream.length]) {
    const parts = new Parts();
    const told = [];
    for (let at = 0; at < stream.length; at += length) told.push(...parts.feed(stream.slice(at, at + length)));
    assert.deepEqual(
      told.map((one) => sentence(one, (number) => `bike ${number}`)),
      [
        { weight: 'bad', text: 'bike 2 is lost: silent for 3 s' },
        { weight: 'warn', text: 'Blackout' },
        { weight: 'note', text: 'new.kind' },
      ],
    );
    assert.equal(told.at(-1)?.id, 'a-3');
  }
});
