/** A browser on the hub's page, for the tests in this folder. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

/** How long anything may take: this machine may be slow and busy. */
export const LIMIT_MS = 30_000;

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** A page of the hub; `options` as Playwright's for a browser context. What goes wrong inside it fails the test. */
export async function open(url, options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CUELIGHT_BROWSER ?? '/usr/bin/chromium',
    args: ARGUMENTS,
    timeout: LIMIT_MS,
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // Requests that fail while the hub is away are part of the tests; what the policy blocks is not.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) faults.push(message.text());
  });
  await page.goto(url);
  if (!(await page.content()).includes('/assets/')) {
    throw new Error('this hub was built without the dashboard: run cargo xtask dashboard, or all tests by cargo xtask test');
  }
  return { browser, page, faults };
}

/** Keeps what the page looks like. */
export async function shot(page, name, options = {}) {
  const folder = process.env.CUELIGHT_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
}

/** Waits until `look` answers something true. */
export async function until(what, look) {
  const end = performance.now() + LIMIT_MS;
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`waited ${LIMIT_MS / 1000} s until ${what}${last ? `: ${last.message}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const lines = createInterface({ input: process.stdin });
const answers = lines[Symbol.asyncIterator]();

/** Has whoever runs this test do something to the show, as `kill node 1`, and waits until that is done. Answers what was said to it. */
export async function have(order) {
  process.stdout.write(`do ${order}\n`);
  const { value, done } = await answers.next();
  if (done || !/^done( |$)/.test(value)) throw new Error(`"${order}" was not done: ${value ?? 'nobody answers'}`);
  return value.slice('done '.length);
}

/** Asks the hub itself. */
export async function api(url, path) {
  const response = await fetch(new URL(path, url));
  return response.json();
}

/** What there is to say against the page's accessibility, serious or worse. */
export async function barriers(page, axe) {
  // What still fades in has not the contrast it will have.
  await page.evaluate(() => Promise.all(document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
  await page.evaluate(axe);
  const results = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 4).join('; ')}`);
}
