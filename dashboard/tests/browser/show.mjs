/** A show is run from the page: its scene, its nodes' names, and what can be taken back. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { api, have, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const { browser, page, faults } = await open(url);
const nodes = () => api(url, '/api/v1/nodes');
const sceneOf = (mac) => api(url, `/api/v1/scene?scope=${encodeURIComponent(`node:${mac}`)}`);
// Numbers are given in the order in which nodes joined; the tests mean them by name.
const known = await nodes();
const macs = [1, 2, 3, 4].map((number) => known.find(({ name }) => name === `node-${number}`)?.mac);
const nameOf = async (mac) => (await nodes()).find((node) => node.mac === mac).name;

/** The newest change in a node's picture, and the sums of its colours. */
const picture = (number) =>
  page.evaluate((name) => {
    const card = [...document.querySelectorAll('button.node')].find((node) => node.textContent.includes(name));
    const canvas = card?.querySelector('canvas');
    if (!canvas?.dataset.rev) return null;
    const { data } = canvas.getContext('2d').getImageData(0, Math.floor(canvas.height / 2), canvas.width, 1);
    const sums = [0, 0, 0];
    data.forEach((value, index) => (sums[index % 4] += index % 4 < 3 ? value : 0));
    return { rev: Number(canvas.dataset.rev), red: sums[0], blue: sums[2] };
  }, `node-${number}`);
const looksLike = (seen, rev, color) =>
  seen !== null && seen.rev >= rev && (color === 'red' ? seen.red > 1.5 * seen.blue : seen.blue > 1.5 * seen.red) && seen[color] > 500;

const before = (await sceneOf(macs[0])).effect;

// Every node is on the page, and ready.
await page.getByText('4 of 4 nodes ready').waitFor();

// A scene goes to all nodes.
await page.getByRole('button', { name: 'Ocean', exact: false }).first().click();
for (const mac of macs) await until(`${mac} has the scene`, async () => (await sceneOf(mac)).effect === 'ocean');
await page.locator('section:has(#scenes-title) button[aria-pressed="true"]', { hasText: 'Ocean' }).waitFor();
await page.getByRole('button', { name: 'Undo' }).waitFor();

// It is seen on all of them: pictures are of the change or newer, and the ocean is blue.
const rev = (await api(url, '/api/v1/scene')).rev;
for (const number of [1, 2, 3, 4]) await until(`the picture of node-${number} is blue`, async () => looksLike(await picture(number), rev, 'blue'));
await shot(page, 'stage-dark');

// Undo brings back what was there, also when its offer is gone.
await page.keyboard.press('Control+z');
for (const mac of macs) await until(`${mac} has the scene of before`, async () => (await sceneOf(mac)).effect === before);

// One node alone.
await page.getByRole('button', { name: /node-2/ }).click();
await page.getByRole('button', { name: /^Fireplace/ }).click();
await until('node-2 burns', async () => (await sceneOf(macs[1])).effect === 'fire');
await until('its picture is red', async () => looksLike(await picture(2), (await sceneOf(macs[1])).rev, 'red'));
assert.equal((await sceneOf(macs[0])).effect, before);

// A name, and back.
await page.goto(`${url}#/network/${encodeURIComponent(macs[2])}`);
const name = page.getByLabel('Name of the node');
await name.fill('Left wing');
await page.getByRole('button', { name: 'Rename' }).click();
await until('the name is the hub’s', async () => (await nameOf(macs[2])) === 'Left wing');
await shot(page, 'network-dark');
await page.keyboard.press('Escape');
await page.locator('h1').first().click();
await page.keyboard.press('Control+z');
await until('the name is back', async () => (await nameOf(macs[2])) === 'node-3');

// The graphs have lines, also on a page that was opened here and goes on being told.
await page.reload();
await until('a graph has a line of some length', () =>
  page.evaluate(() => {
    const canvas = document.querySelector('.graphs canvas');
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    // Lines of nodes have a hue; the ground and its grid have none to speak of.
    const columns = new Set();
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, alpha] = data.subarray(at, at + 4);
      if (alpha > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) columns.add((at / 4) % width);
    }
    return columns.size > width / 3;
  }),
);

// The connection is tested by the hub, in numbers.
await page.getByRole('button', { name: 'Test connection' }).click();
await page.getByText(/Control: .*, \d+ of 20 lost/).waitFor();

// A pattern is dropped, played, stopped, and deleted by holding.
await have('make pattern');
await page.goto(`${url}#/patterns`);
await page.locator('input[type="file"]').setInputFiles(join(process.env.CUELIGHT_FOLDER, 'aurora.prism'));
await page.getByRole('button', { name: 'Play aurora' }).click();
await until('it plays', async () => (await api(url, '/api/v1/scene')).pattern !== undefined);
await page.getByText('plays', { exact: true }).waitFor();
await shot(page, 'patterns-playing');
await page.getByRole('button', { name: 'Stop' }).click();
await until('nothing plays', async () => (await api(url, '/api/v1/scene')).pattern === undefined);
await page.getByRole('button', { name: /^Delete aurora/ }).hover();
await page.mouse.down();
await until('it is gone', async () => (await api(url, '/api/v1/patterns')).length === 0);
await page.mouse.up();
await page.getByText('No pattern yet.').waitFor();

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
