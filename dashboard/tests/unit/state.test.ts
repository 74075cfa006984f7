import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Show, ShowNode } from '../../src/hub/shapes.ts';
import { changes } from '../../src/state/changes.ts';
import { checks } from '../../src/state/checks.ts';
import { cells, isMatrix, laidOut, readLayout, wired, writeLayout, type Layout } from '../../src/state/geometry.ts';
import { fits } from '../../src/state/find.ts';
import { move, toggled } from '../../src/state/grid.ts';
import { EMPTY, MAX_LINES, sample, SAMPLES } from '../../src/state/history.ts';
import { fold } from '../../src/state/fold.ts';
import { pair, readManifest, type Manifest } from '../../src/state/manifest.ts';
import { allows, ROLES } from '../../src/state/roles.ts';
import { gaps, readUniverses, writeUniverses } from '../../src/state/universes.ts';
import { findings, screenPixels } from '../../src/node/findings.ts';
import type { Status } from '../../src/node/shapes.ts';
import { tested } from '../../src/state/tested.ts';
import { order } from '../../src/state/told.ts';
import { address, route } from '../../src/state/route.ts';
import { places } from '../../src/state/topology.ts';
import { DEPTH, pop, push, type Edit } from '../../src/state/undo.ts';
import { age, bytes, showClock, span } from '../../src/state/words.ts';

const node = (change: Partial<ShowNode> = {}): ShowNode => ({
  id: 1,
  mac: '02:00:00:00:00:01',
  name: 'bike',
  state: 'ready',
  degraded: null,
  ip: '10.0.0.2',
  udp_port: 9,
  fw: '0.1.0',
  platform: 'p',
  updatable: true,
  restartable: true,
  leds: 60,
  channels: 1,
  lock: true,
  sigma_ns: 500,
  bound_ns: 4000,
  drift_us: 0,
  loss_pct: 0,
  rssi: 0,
  fps: 120,
  late_ns_p99: 30_000,
  frames_missed: 0,
  late_changes: 0,
  reconnects: 0,
  uptime_s: 9,
  heard_at: 100,
  legacy: false,
  packets: 1,
  bytes: 1,
  groups: [],
  page: null,
  ...change,
});

const show = (change: Partial<Show> = {}): Show => ({
  show_us: 0,
  boot_id: 1,
  rev: 1,
  tempo: { bpm: 120, beats_per_bar: 4, beat: 0 },
  master: { level: 255, blackout: false },
  scene: { effect: 'solid', palette: 'colors' } as Show['scene'],
  armed: null,
  tick: { hz: 100, overruns: 0, missed: 0, cost_us_p50: 0, cost_us_p99: 0, cost_us_max: 0 },
  nodes: [node()],
  risks: [],
  ...change,
});

test('what changed between two pictures of the show is told, and nothing else', () => {
  assert.deepEqual(changes(null, show()), []);
  assert.deepEqual(changes(show(), show({ show_us: 9, nodes: [node({ sigma_ns: 7, heard_at: 900 })] })), []);
  const after = show({ master: { level: 255, blackout: true }, nodes: [node({ state: 'lost' }), node({ mac: 'b', name: null })] });
  assert.deepEqual(
    changes(show(), after).map(({ weight, text }) => `${weight}: ${text}`),
    ['warn: Blackout', 'bad: bike is lost', 'note: b is new'],
  );
  assert.deepEqual(changes(show(), show({ nodes: [] })), [{ weight: 'note', text: 'bike was forgotten' }]);
});

test('a graph has one sample a second, a gap where a node was away, and a bounded length', () => {
  let history = sample(EMPTY, [node()], 1000);
  assert.equal(sample(history, [node({ sigma_ns: 1 })], 1900), history);
  history = sample(history, [node({ state: 'lost' }), node({ mac: 'b', sigma_ns: 2000 })], 2000);
  assert.deepEqual(history.clock.get('02:00:00:00:00:01'), [0.5, null]);
  assert.deepEqual(history.clock.get('b'), [null, 2]);
  for (let second = 3; second < 3 + 2 * SAMPLES; second++) history = sample(history, [node()], second * 1000);
  assert.equal(history.at.length, SAMPLES);
  assert.equal(history.at.at(-1), 2 + 2 * SAMPLES);
  assert.equal(history.late.get('02:00:00:00:00:01')?.length, SAMPLES);
  assert.equal(history.clock.has('b'), false, 'a node that is gone is not kept');
  const crowd = Array.from({ length: 1000 }, (_, index) => node({ mac: String(index) }));
  assert.equal(sample(EMPTY, crowd, 0).clock.size, MAX_LINES);
});

test('edits are taken back newest first, and the oldest is forgotten when there are too many', () => {
  let list: Edit[] = [];
  for (let index = 0; index < DEPTH + 3; index++) list = push(list, { label: String(index), revert: async () => null });
  assert.equal(list.length, DEPTH);
  assert.equal(list[0]?.label, '3');
  const { edit, rest } = pop(list);
  assert.deepEqual([edit?.label, rest.length], [String(DEPTH + 2), DEPTH - 1]);
  assert.deepEqual(pop([]), { edit: undefined, rest: [] });
});

test('arrow keys walk the grid and stop at its edges', () => {
  const size = { rows: 3, columns: 2 };
  assert.deepEqual(move({ row: 0, column: 0 }, 'ArrowUp', size), { row: 0, column: 0 });
  assert.deepEqual(move({ row: 1, column: 0 }, 'ArrowRight', size), { row: 1, column: 1 });
  assert.deepEqual(move({ row: 0, column: 1 }, 'PageDown', size), { row: 2, column: 1 });
  assert.deepEqual(move({ row: 2, column: 0 }, 'End', size), { row: 2, column: 1 });
  assert.equal(move({ row: 0, column: 0 }, 'Enter', size), null);
  assert.deepEqual(toggled(['a'], 'b'), { members: ['a', 'b'], isIn: true });
  assert.deepEqual(toggled(['a', 'b'], 'a'), { members: ['b'], isIn: false });
});

test('nodes are found by part of any of their words, in capitals or not', () => {
  assert.ok(fits(' DRUM', 7, 'Drums left', '02:00:00:00:00:07', null));
  assert.ok(fits('00:07', 7, undefined, '02:00:00:00:00:07'));
  assert.ok(fits('', 7), 'nothing wanted is everything');
  assert.ok(!fits('null', 7, null, undefined));
  assert.ok(!fits('bass', 7, 'Drums left'));
});

test('an address leads to its page, an unknown one to the stage', () => {
  assert.deepEqual(route(''), { page: 'stage', detail: null });
  assert.deepEqual(route('#/nonsense'), { page: 'stage', detail: null });
  assert.deepEqual(route(address('network', '02:00:00:00:00:01')), { page: 'network', detail: '02:00:00:00:00:01' });
});

test('nodes stand on the map, and none on another', () => {
  for (const count of [1, 2, 4, 24, 25, 60, 300]) {
    const spots = places(count);
    assert.equal(spots.length, count);
    assert.ok(spots.every(({ x, y }) => Math.abs(x) <= 166 && Math.abs(y) <= 79), `${count} within`);
    const distinct = new Set(spots.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`));
    assert.equal(distinct.size, count);
  }
});

test('checks tell a healthy node from one that is away, and claim nothing that a deployed one does not tell', () => {
  const wells = (one: ShowNode, heard: number | null) => checks(one, heard).map(({ isWell }) => isWell);
  assert.deepEqual(wells(node(), 100), [true, true, true, true, true, true]);
  assert.deepEqual(wells(node({ lock: false, loss_pct: 9, fps: 0 }), 100), [true, false, true, false, false, true]);
  assert.deepEqual(wells(node({ legacy: true }), 100), [true, true, null, true, null, true]);
  assert.deepEqual(wells(node({ state: 'lost' }), 9000), [false, null, null, null, null, false]);
  assert.equal(checks(node({ state: 'offline' }), null)[0]?.isWell, false);
});

test('figures are written as people read them', () => {
  assert.deepEqual([span(0), span(9940), span(31_000), span(4_200_000)], ['0.0 µs', '9.9 µs', '31 µs', '4.2 ms']);
  assert.deepEqual([age(null), age(400), age(61_000), age(600_000)], ['never', '0.4 s', '61 s', '10 min']);
  assert.equal(bytes(262_144), '256.0 KiB');
  assert.equal(showClock(3_723_456_789), '01:02:03.4');
  assert.equal(showClock(-5), '00:00:00.0');
});

test('each role of people may do what those below may, and a program’s role nothing else', () => {
  const may = (held: (typeof ROLES)[number]) => ROLES.filter((needed) => allows(held, needed));
  assert.deepEqual(may('viewer'), ['viewer']);
  assert.deepEqual(may('operator'), ['viewer', 'operator']);
  assert.deepEqual(may('admin'), ['viewer', 'operator', 'admin']);
  assert.deepEqual(may('node'), ['node']);
  assert.deepEqual(may('metrics'), ['metrics']);
});

test('lines that repeat are one line with their number, and nothing else is moved', () => {
  const line = (text: string, weight = 'note') => ({ text, weight });
  const folded = fold([line('a'), line('a'), line('b'), line('b', 'bad'), line('a')]);
  assert.deepEqual(folded.map(({ newest, count }) => `${newest.text}${count}${newest.weight}`), ['a2note', 'b1note', 'b1bad', 'a1note']);
});

test('a manifest is read as far as the page needs it, and goes with the image of its length', () => {
  const sha256 = 'ab'.repeat(32);
  const of = (said: object) => JSON.stringify({ signed: JSON.stringify(said), signatures: [{ key: 'k', signature: 's' }] });
  const manifest = readManifest(of({ product: 'cuelight-node', hardware: 'x86_64-linux', version: '1.2.0', size: 9, sha256 }));
  assert.deepEqual([manifest?.version, manifest?.size, manifest?.document.signatures.length], ['1.2.0', 9, 1]);
  for (const bad of ['', '{}', of({ version: '1', size: 9 }), of({ version: '1', size: 9, sha256: 'x' }), '{"signed":"{}"}']) {
    assert.equal(readManifest(bad), null, bad);
  }
  const one = manifest as Manifest;
  const files = [{ size: 8 }, { size: 9 }];
  assert.deepEqual(pair([one, { ...one, size: 7 }], files).map(({ image }) => image?.size), [9, undefined]);
});

test('commands and tests of a connection are told in words', () => {
  assert.equal(order({ type: 'cue', cue_id: 1.5, fade_time: 3 }), 'Cue 1.5 in 3 s');
  assert.equal(order({ type: 'blackout', on: false }), 'Lights back');
  assert.equal(order({ type: 'newer' }), 'newer');
  assert.equal(order('GO of list 1'), 'GO of list 1');
  assert.equal(
    tested({ control: { sent: 5, lost: 0, min_us: 210, median_us: 320, max_us: 1900 }, exchange: { sent: 5, lost: 5, median_us: null } }),
    'Control: 320 µs (210 µs to 1.9 ms), 0 of 5 lost. Time exchange: no answer, 5 of 5 lost.',
  );
  assert.equal(tested({}), 'It answered.');
});

test('universes are read as people write them, written as ranges, and what nobody plays is found', () => {
  assert.deepEqual([...(readUniverses('1..3, 7 9-10') ?? [])], [1, 2, 3, 7, 9, 10]);
  assert.deepEqual(readUniverses(''), new Set());
  for (const bad of ['0', '4..1', '1..64000', 'x', '1..', '-3']) assert.equal(readUniverses(bad), null, bad);
  assert.deepEqual(writeUniverses([3, 1, 2, 7]), ['1..3', '7']);
  assert.deepEqual(writeUniverses([]), []);
  const plays = (text: string) => ({ universes: readUniverses(text) ?? new Set<number>() });
  assert.deepEqual(gaps(new Set([1, 2, 3]), [plays('1..2'), plays('2, 9')]), { nobody: [3], several: [2] });
});

const status = (change: Partial<Status> = {}): Status => ({
  name: 'bike', mac: 'm', version: '0.1.0', hardware: 'x86_64-linux', hub: null, leds: 60, outputs: ['ddp:a'], lights: [], gamma: 2.2,
  uptime_s: 9, age_ms: 1,
  link: { state: 'live', hub: '10.0.0.1:8080', node: 3, complaint: null, sessions: 1, losses: 0, silences: 0 },
  clock: { state: 'locked', is_usable: true, sigma_ns: 200, bound_ns: 4000, drift_us: 0, floor_rtt_us: 90, skew_ppm: 1, exchanges: 9, refused: 0 },
  stream: { loss_pct: 0, received: 900, lost: 1, is_silent: false, late_changes: 0 },
  output: { fps: 120, late_ns_p99: 40_000, missed: 0, frames: 1 },
  universes: { ranges: [], is_assigned: false, sent: null },
  resources: { cpu_pct: 1, memory: 1, threads: 1, load: 1, available: 1 }, pixels: '', log: [],
  ...change,
});

test('a node’s own page finds what is wrong, and claims nothing about what does not answer', () => {
  const wells = (now: Status, before: Status | null = null) => findings(now, before).map(({ isWell }) => isWell);
  assert.deepEqual(wells(status()), [true, true, true, true, null], 'DDP does not answer');
  const link = { ...status().link, state: 'connecting', complaint: 'no hub answers' } as Status['link'];
  assert.deepEqual(wells(status({ link })), [false, true, null, true, null]);
  assert.equal(findings(status({ link }), null)[0]?.finding, 'no hub answers');
  assert.equal(wells(status({ outputs: [] }))[4], false, 'frames go nowhere');
  const sent = (failed: number) => status({ universes: { ranges: ['1'], is_assigned: true, sent: { universes: 1, fps: 44, late_ns_p99: 0, missed: 0, sent: 9, blocked: 0, failed } } });
  assert.equal(wells(sent(5), sent(5))[4], true);
  assert.equal(wells(sent(7), sent(5))[4], false);
});

test('pixels are shown with the node’s gamma taken back', () => {
  assert.deepEqual([...screenPixels('00ff37', 2.2)], [0, 255, 127]);
  assert.deepEqual([...screenPixels('00ff37', 1)], [0, 255, 55]);
});

test('how LEDs are laid out is said in words, and as a number where a node does not say it', () => {
  const words = (geometry?: string) => [laidOut({ leds: 60, geometry }), wired(geometry), isMatrix(geometry)];
  assert.deepEqual(words(), ['60 LEDs', '', false]);
  assert.deepEqual(words('strip:60'), ['60 LEDs', '', false]);
  assert.deepEqual(words('ring:60'), ['ring of 60 LEDs', '', false]);
  assert.deepEqual(words('matrix:10x6:serpentine:bottom-left'), ['10 × 6 LEDs', 'serpentine, from the bottom left', true]);
  assert.deepEqual(words('cube:4'), ['60 LEDs', '', false]);
});

test('a layout is read, changed and written as the hub takes it', () => {
  for (const text of ['strip:60', 'ring:60', 'matrix:10x6', 'matrix:6x10:serpentine:vertical:bottom-right', 'matrix:60x1:top-right']) {
    assert.equal(writeLayout(readLayout({ leds: 60, geometry: text }), 60), text);
  }
  const line = readLayout({ leds: 60 });
  assert.equal(writeLayout(line, 60), 'strip:60');
  assert.equal(writeLayout({ ...line, shape: 'matrix' }, 60), 'matrix:10x6', 'nearly a square');
  assert.equal(writeLayout({ ...readLayout({ leds: 7 }), shape: 'matrix' }, 7), 'matrix:7x1');
  for (const width of [7, 0, -1, 2.5, Number.NaN, 120]) assert.equal(writeLayout({ ...line, shape: 'matrix', width }, 60), null, `${width}`);
});

test('the wiring is drawn as the nodes have it', () => {
  const of = (text: string) => cells(readLayout({ leds: 6, geometry: text }), 6);
  assert.deepEqual(of('matrix:3x2:serpentine'), [[0, 0], [1, 0], [2, 0], [2, 1], [1, 1], [0, 1]]);
  assert.deepEqual(of('matrix:3x2:serpentine:vertical'), [[0, 0], [0, 1], [1, 1], [1, 0], [2, 0], [2, 1]]);
  assert.deepEqual(of('matrix:3x2:serpentine:bottom-right'), [[2, 1], [1, 1], [0, 1], [0, 0], [1, 0], [2, 0]]);
  assert.deepEqual(of('strip:6'), []);
  const odd: Layout = { ...readLayout({ leds: 6, geometry: 'matrix:3x2' }), width: 4 };
  assert.deepEqual(cells(odd, 6), []);
});
