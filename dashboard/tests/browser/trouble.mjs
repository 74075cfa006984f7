/** A node dies and comes back, the hub dies and comes back: the page says so each time, and is never loaded again. */

import assert from 'node:assert/strict';
import { api, have, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const { browser, page, faults } = await open(url);
await page.getByText('4 of 4 nodes ready').waitFor();
await page.evaluate(() => (globalThis.isTheSamePage = true));

// A node.
await have('kill node 2');
await page.getByText('3 of 4 nodes ready').waitFor();
const card = page.locator('button.node', { hasText: 'node-2' });
await card.getByText('Lost').waitFor();
await shot(page, 'node-lost');
await have('start node 2');
await page.getByText('4 of 4 nodes ready').waitFor();

// The hub: what is shown is old, and says so across the page.
await have('kill hub');
const banner = page.getByRole('alert');
await banner.getByText('Disconnected.').waitFor();
assert.match(await banner.innerText(), /Last data \d\d:\d\d:\d\d/);
await shot(page, 'disconnected');
await have('start hub');
await banner.waitFor({ state: 'detached' });
await page.getByText('4 of 4 nodes ready').waitFor();
assert.equal(await page.evaluate(() => globalThis.isTheSamePage), true, 'the page was not loaded again');

// What the page sends arrives at the hub that came back.
await page.getByRole('button', { name: /^Rainbow/ }).first().click();
await until('the new hub shows it', async () => (await api(url, '/api/v1/scene')).effect === 'rainbow');

// All of it is in the log.
await page.getByRole('link', { name: 'Log' }).click();
for (const text of ['node-2 is lost', 'node-2 is ready', 'No word from the hub', 'The hub is back', 'The hub was restarted']) {
  await page.getByText(text).first().waitFor();
}
await shot(page, 'log-dark');

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
