/** By keyboard alone, on a phone, with a screen reader's eyes: every page, and every theme. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, barriers, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { browser, page, faults } = await open(url, { reducedMotion: 'reduce' });
const isDark = async () => (await api(url, '/api/v1/show')).master.blackout;
await page.getByText('4 of 4 nodes ready').waitFor();

// To blackout and back with Tab and Space alone; a short press does nothing.
const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
await page.keyboard.press('Tab');
await until('Tab has come to blackout', async () => {
  if ((await focused()).startsWith('Blackout')) return true;
  await page.keyboard.press('Tab');
  return false;
});
await page.keyboard.down(' ');
await page.keyboard.up(' ');
assert.equal(await page.getByRole('button', { name: /^Blackout/ }).getAttribute('aria-pressed'), 'false');
await page.keyboard.down(' ');
await until('the show is dark', isDark);
await page.keyboard.up(' ');
await page.getByRole('button', { name: /^Lights back/ }).waitFor();
await shot(page, 'blackout');
assert.equal(await isDark(), true, 'letting go changes nothing');
await page.keyboard.down('Enter');
await until('the lights are back', async () => !(await isDark()));
await page.keyboard.up('Enter');

// The grid of groups by arrows and Enter.
await page.goto(`${url}#/patch`);
await page.getByLabel('Name of the new group').fill('front');
await page.keyboard.press('Enter');
const members = async () => (await api(url, '/api/v1/groups')).find(({ name }) => name === 'front')?.members.length;
await until('the group is there', async () => (await members()) === 0);
await page.locator('[data-cell="0-0"]').focus();
await page.keyboard.press('ArrowDown');
await page.keyboard.press('Enter');
await until('the node below is in it', async () => (await members()) === 1);
await page.locator('[data-cell="0-0"][aria-pressed="false"]').waitFor();
await page.locator('[data-cell="1-0"][aria-pressed="true"]').waitFor();

// Every page, wide and on a phone, in every theme: no serious barrier, nothing beyond the edge.
const looks = [
  ['dark', 1440, 900, ['stage', 'network', 'patch', 'patterns', 'updates', 'log', 'log/commands', 'access']],
  ['light', 390, 844, ['network', 'patch', 'stage', 'access']],
  ['stage', 820, 1180, ['updates', 'stage']],
];
for (const [theme, width, height, pages] of looks) {
  await page.evaluate((theme) => localStorage.setItem('theme', theme), theme);
  await page.setViewportSize({ width, height });
  await page.reload();
  for (const name of pages) {
    await page.goto(`${url}#/${name}`);
    await page.locator(`nav a[aria-current="page"][href="#/${name.split('/')[0]}"]`).first().waitFor();
    await page.locator('.link.live').waitFor();
    assert.deepEqual(await barriers(page, axe), [], `${name} in ${theme}`);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(beyond, 0, `${name} at ${width}`);
    await shot(page, `${name.replace('/', '-')}-${theme}-${width}`);
  }
}
const small = await page.evaluate(() =>
  [...document.querySelectorAll('button, nav a')]
    .filter((target) => target.checkVisibility())
    .map((target) => ({ name: target.textContent.trim() || target.ariaLabel, ...target.getBoundingClientRect().toJSON() }))
    .filter(({ width, height }) => width < 43.5 || height < 43.5)
    .map(({ name, width, height }) => `${name} ${width} x ${height}`),
);
assert.deepEqual(small, [], 'every target is 44 pixels or more');

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
