/** A show is run from the page: its scene, its nodes' names, and what can be taken back. */

import assert from 'node:assert/strict';
import { api, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const { browser, page, faults } = await open(url);
const nodes = () => api(url, '/api/v1/nodes');
const sceneOf = (mac) => api(url, `/api/v1/scene?scope=${encodeURIComponent(`node:${mac}`)}`);
// Numbers are given in the order in which nodes joined; the tests mean them by name.
const known = await nodes();
const macs = [1, 2, 3, 4].map((number) => known.find(({ name }) => name === `node-${number}`)?.mac);
const nameOf = async (mac) => (await nodes()).find((node) => node.mac === mac).name;

const before = (await sceneOf(macs[0])).effect;

// Every node is on the page, and ready.
await page.getByText('4 of 4 nodes ready').waitFor();
await shot(page, 'stage-dark');

// A scene goes to all nodes.
await page.getByRole('button', { name: 'Ocean', exact: false }).first().click();
for (const mac of macs) await until(`${mac} has the scene`, async () => (await sceneOf(mac)).effect === 'ocean');
await page.locator('section:has(#scenes-title) button[aria-pressed="true"]', { hasText: 'Ocean' }).waitFor();

// Undo brings back what was there.
await page.getByRole('button', { name: 'Undo' }).click();
for (const mac of macs) await until(`${mac} has the scene of before`, async () => (await sceneOf(mac)).effect === before);

// One node alone.
await page.getByRole('button', { name: /node-2/ }).click();
await page.getByRole('button', { name: /^Fireplace/ }).click();
await until('node-2 burns', async () => (await sceneOf(macs[1])).effect === 'fire');
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

// The connection is tested with what comes after the question.
await page.getByRole('button', { name: 'Test connection' }).click();
await page.getByText(/Heard .* after the question/).waitFor();

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
