/** A node that asks to join is admitted on the page by the code that both sides show, refused again, and taken back. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, barriers, have, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const code = await have('tell code');
const { browser, page, faults } = await open(url);
const isReady = async () => (await api(url, '/api/v1/nodes')).some(({ state }) => state === 'ready');

// Whatever page is open says that somebody asks; Network says who.
const call = page.getByRole('link', { name: /^Network.*1 asks to join/ });
await call.click();
const joining = page.getByRole('region', { name: '1 node asks to join' });
await joining.getByText(code, { exact: true }).waitFor();
assert.equal(await isReady(), false);
assert.deepEqual(await barriers(page, axe), [], 'who asks');
await shot(page, 'pairing');
await page.setViewportSize({ width: 390, height: 844 });
const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
assert.equal(beyond, 0, 'on a phone');
await shot(page, 'pairing-phone');
await page.setViewportSize({ width: 1440, height: 900 });

await joining.getByRole('button', { name: /^Admit/ }).click();
await joining.waitFor({ state: 'detached' });
await until('the node is in the show', isReady);
assert.equal(await call.count(), 0, 'nobody asks any more');

// What was admitted can be refused, which ends its session, and taken back.
await page.goto(`${url}#/access`);
const paired = page.getByRole('region', { name: 'Paired nodes' });
await paired.getByText(code, { exact: true }).waitFor();
await paired.getByRole('button', { name: /^Refuse/ }).hover();
await page.mouse.down();
await paired.getByText(/^refused/).waitFor();
await page.mouse.up();
await until('its session has ended', async () => !(await isReady()));
assert.deepEqual(await barriers(page, axe), [], 'who is paired');
await shot(page, 'paired');
await paired.getByRole('button', { name: /^Admit/ }).click();
await paired.getByText(/^admitted/).waitFor();
await until('it is in the show again', isReady);

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
