import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEGINNING, SILENCE_MS, step } from '../../src/state/link.ts';

test('a page that has never heard the hub connects, and says why it does not get on', () => {
  const link = step(BEGINNING, { kind: 'failed', reason: 'no answer' });
  assert.equal(link.phase, 'connecting');
  assert.equal(link.reason, 'no answer');
});

test('one lost answer is no alarm; silence is, and ends when the hub is heard', () => {
  const heard = step(BEGINNING, { kind: 'heard', at: 1000 });
  const failed = step(heard, { kind: 'failed', reason: 'no answer' });
  assert.equal(failed.phase, 'live');
  assert.equal(step(failed, { kind: 'passed', at: 1000 + SILENCE_MS }).phase, 'live');
  const silent = step(failed, { kind: 'passed', at: 1001 + SILENCE_MS });
  assert.equal(silent.phase, 'silent');
  assert.equal(silent.heardAt, 1000, 'what is shown is from then');
  assert.equal(step(silent, { kind: 'failed', reason: 'x' }).phase, 'silent');
  const back = step(silent, { kind: 'heard', at: 9000 });
  assert.deepEqual([back.phase, back.returns], ['live', 1]);
});

test('a hub that wants its key is no silent one', () => {
  const locked = step(step(BEGINNING, { kind: 'heard', at: 0 }), { kind: 'refused', reason: 'the key is wrong' });
  assert.equal(locked.phase, 'locked');
  assert.equal(step(locked, { kind: 'passed', at: 1e9 }).phase, 'locked');
  assert.equal(step(locked, { kind: 'heard', at: 5 }).phase, 'live');
});
