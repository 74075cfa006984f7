/** The first account, logins by role, and a session that ends: who may not use a control does not see it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { barriers, have, open, shot, until } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { browser, page, faults } = await open(url);
const dialog = page.getByRole('dialog');
const PASSWORD = 'correct horse battery';

// Nobody has an account: the code on the console makes the first. A wrong one does not.
await dialog.getByText('Make the first account').waitFor();
assert.deepEqual(await barriers(page, axe), [], 'setup');
await shot(page, 'setup');
const setUp = async (code) => {
  await dialog.getByLabel('Code from the console').fill(code);
  await dialog.getByLabel('Account').fill('anna');
  await dialog.getByLabel('Password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Make the account' }).click();
};
await setUp('0000-0000');
await dialog.getByRole('alert').waitFor();
await setUp(await have('tell code'));
await dialog.waitFor({ state: 'detached' });
await page.getByText('4 of 4 nodes ready').waitFor();

// An admin makes accounts and keys. A key is shown once.
await page.getByRole('link', { name: 'Access' }).click();
await page.getByText('signed in with a password').waitFor();
for (const [name, role] of [['olaf', 'operator'], ['vera', 'viewer']]) {
  await page.getByLabel('Name of the new account').fill(name);
  await page.getByLabel('Password of the new account').fill(PASSWORD);
  await page.getByLabel('Role of the new account').selectOption(role);
  await page.getByRole('button', { name: 'Add account' }).click();
  await page.getByLabel(`Role of ${name}`).waitFor();
}
await page.getByLabel('Name of the new key').fill('console');
await page.getByRole('button', { name: 'Make key' }).click();
await page.getByText(/^cue_/).waitFor();
await shot(page, 'access');
assert.deepEqual(await barriers(page, axe), [], 'access');
await page.reload();
await page.getByText('console', { exact: true }).waitFor();
assert.equal(await page.getByText(/^cue_/).count(), 0);

const signOut = async () => {
  await page.goto(`${url}#/access`);
  await page.getByRole('button', { name: /^Sign out/ }).hover();
  await page.mouse.down();
  await dialog.waitFor();
  await page.mouse.up();
};
const signIn = async (name, password = PASSWORD) => {
  await dialog.getByLabel('Account').fill(name);
  await dialog.getByLabel('Password').fill(password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
};
const controls = (name) => page.getByRole('button', { name }).count();

// Who may only look sees no control.
await signOut();
await signIn('vera', 'wrong horse battery');
await dialog.getByRole('alert').waitFor();
await signIn('vera');
await dialog.waitFor({ state: 'detached' });
await page.goto(`${url}#/stage`);
await page.getByText('4 of 4 nodes ready').waitFor();
for (const name of [/^Blackout/, /^Ocean/, 'Tap']) assert.equal(await controls(name), 0, `a viewer and ${name}`);
await until('what the nodes show is seen', async () => (await page.locator('canvas[data-rev]').count()) === 4);
await shot(page, 'viewer');
await page.goto(`${url}#/patch`);
await page.getByText('A dot is a universe').waitFor();
assert.equal(await controls('Add group'), 0);
await page.goto(`${url}#/log`);
assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);

// An operator plays, and does not patch or update.
await signOut();
await signIn('olaf');
await dialog.waitFor({ state: 'detached' });
await page.goto(`${url}#/stage`);
await page.getByRole('button', { name: /^Ocean/ }).first().click();
await page.locator('section:has(#scenes-title) button[aria-pressed="true"]', { hasText: 'Ocean' }).waitFor();
await page.goto(`${url}#/updates`);
await page.getByText('Armed show').waitFor();
assert.equal(await page.locator('input[type="file"]').count(), 0);

// A session ends in the middle of something: the page asks, and goes on where it was.
await page.goto(`${url}#/network`);
await page.getByLabel('Find nodes').fill('node-3');
await page.evaluate(() => (globalThis.isTheSamePage = true));
await page.getByRole('button', { name: /^node-3/ }).click();
await page.context().clearCookies();
// The page may have found out by itself before anybody does anything.
await page.getByRole('button', { name: 'Identify' }).click({ timeout: 2000 }).catch(() => {});
await dialog.getByText('Sign in again').waitFor();
await shot(page, 'session-ended');
await signIn('olaf');
await dialog.waitFor({ state: 'detached' });
assert.equal(await page.getByLabel('Find nodes').inputValue(), 'node-3');
assert.equal(await page.evaluate(() => globalThis.isTheSamePage), true, 'the page was not loaded again');
await until('it is live', async () => (await page.locator('.link.live').count()) === 1);

assert.deepEqual(faults, []);
await browser.close();
process.exit(0);
