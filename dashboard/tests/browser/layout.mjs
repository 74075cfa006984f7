/** LEDs are laid out on the Patch page; the node shows them so at once, and as its own settings say when that is taken back. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, barriers, have, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const json = { 'Content-Type': 'application/json' };
await fetch(new URL('/api/v1/scene', url), { method: 'POST', headers: json, body: JSON.stringify({ effect: 'plasma' }) });
await until('both nodes show the same', async () => (await have('compare')) === 'equal');
const { browser, page, faults } = await open(`${url}#/patch`);
const node = async () => (await api(url, '/api/v1/nodes')).find(({ name }) => name === 'node-1');
const leds = page.getByRole('region', { name: 'LEDs' });

// A matrix, with its wiring drawn; what has no whole rows is said before it is sent.
await leds.getByRole('button', { name: 'Lay out node-1' }).click();
await leds.getByLabel('Shape').selectOption('Matrix');
const width = leds.getByLabel('LEDs in a row');
await width.fill('7');
await leds.getByText('60 LEDs are no whole rows of 7.').waitFor();
const save = leds.getByRole('button', { name: 'Lay out', exact: true });
assert.equal(await save.isDisabled(), true);
await width.fill('10');
await leds.getByLabel('First LED').selectOption('Bottom left');
await leds.getByLabel('Every second line runs back').check();
await leds.getByRole('img', { name: 'The wiring of 10 × 6 LEDs, from the bottom left' }).waitFor();
assert.deepEqual(await barriers(page, axe), []);
await shot(page, 'patch-layout', { fullPage: true });
await page.setViewportSize({ width: 390, height: 844 });
const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
assert.equal(beyond, 0, 'on a phone');
await page.setViewportSize({ width: 1440, height: 900 });
await save.click();
await until('the hub has it', async () => (await node()).geometry === 'matrix:10x6:serpentine:bottom-left');
await leds.getByText('10 × 6 LEDs').waitFor();
await until('the node shows it so', async () => (await have('compare')) === 'different');

// The stage draws it as one.
await page.goto(`${url}#/stage`);
await page.locator('button.node', { hasText: 'node-1' }).locator('canvas.tall[data-rev]').waitFor();
assert.equal(await page.locator('canvas.tall').count(), 1, 'the other is a line');
await shot(page, 'stage-matrix');

// Taken back.
await page.keyboard.press('Control+z');
await until('its own settings say it again', async () => {
  const { geometry, laid_out } = await node();
  return geometry === 'strip:60' && !laid_out;
});
await until('both nodes show the same again', async () => (await have('compare')) === 'equal');

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
