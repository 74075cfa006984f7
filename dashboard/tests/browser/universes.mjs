/** Universes are given to nodes on the page, by keyboard, by dragging and by number; the nodes play them at once. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, barriers, have, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
await have('load show');
const { browser, page, faults } = await open(`${url}#/patch`);
const told = () => api(url, '/api/v1/universes');
const assigned = async (row) => (await told()).nodes[row]?.assigned ?? null;
const is = (what, row, words) => until(what, async () => JSON.stringify(await assigned(row)) === JSON.stringify(words));

await page.getByText('Nobody plays 1..12 of the show.').waitFor();

// By keyboard: arrows and Enter.
await page.locator('[data-universe="0-0"]').focus();
await page.keyboard.press('Enter');
await is('the first node plays universe 1', 0, ['1']);
await page.locator('[data-universe="0-0"][aria-pressed="true"]').waitFor();
await page.keyboard.press('ArrowRight');
await page.keyboard.press('Enter');
await is('and universe 2', 0, ['1..2']);

// By dragging over the cells of a row; a hand that is quick leaves none out.
const box = async (cell) => await page.locator(`[data-universe="${cell}"]`).boundingBox();
const [from, to] = [await box('1-2'), await box('1-5')];
await page.mouse.move(from.x + 20, from.y + 20);
await page.mouse.down();
await page.mouse.move(to.x + 20, to.y + 20);
await page.mouse.up();
await is('the second node plays what was dragged over', 1, ['3..6']);

// By number.
await page.getByLabel(/^Universes of /).nth(2).fill('7..12');
await page.keyboard.press('Enter');
await is('the third node plays what was typed', 2, ['7..12']);
await page.getByText('Every universe of the show is played.').waitFor();
await shot(page, 'patch-universes');
assert.deepEqual(await barriers(page, axe), []);

// Taken back; and what is no universe is refused where it is typed.
await page.locator('h1').first().click();
await page.keyboard.press('Control+z');
await is('the third node has its own again', 2, null);
await page.getByText('Nobody plays 7..12 of the show.').waitFor();
await page.getByLabel(/^Universes of /).nth(2).fill('all');
await page.keyboard.press('Enter');
await page.getByText('universes are written as 1..4, 7').waitFor();

// The node plays them, without having been started again, and says so on its own page.
const node = (await api(url, '/api/v1/nodes'))[0];
const own = (path) => api(node.page, path);
await until('the node has its universes', async () => {
  const { universes } = await own('/api/status');
  return universes.is_assigned && universes.ranges.join() === '1..2';
});
assert.equal((await own('/api/status')).link.sessions, 1, 'it is the session of before');
await fetch(new URL('/api/v1/cues/1/go', url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
await until('levels go out', async () => {
  const { universes } = await own('/api/status');
  return universes.sent?.universes === 2 && universes.sent.sent > 0;
});
await until('and are not all 0', async () => (await own('/api/levels?universe=1')).levels.some((level) => level > 0));

// Its own page, from the hub's, wide and on a phone.
await page.goto(`${url}#/network/${encodeURIComponent(node.mac)}`);
assert.equal(await page.getByRole('link', { name: 'Its own page' }).getAttribute('href'), node.page);
for (const [theme, width, height] of [['dark', 1440, 900], ['light', 390, 844], ['stage', 390, 844]]) {
  await page.setViewportSize({ width, height });
  await page.goto(node.page);
  await page.evaluate((theme) => localStorage.setItem('theme', theme), theme);
  await page.reload();
  await page.getByText('All slots').or(page.getByText('slots are above 0')).first().waitFor();
  await page.getByText('play universes 1..2').waitFor();
  assert.deepEqual(await barriers(page, axe), [], `the node's page in ${theme}`);
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(beyond, 0, `the node's page at ${width}`);
  await shot(page, `node-${theme}-${width}`, { fullPage: true });
}

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
