/**
 * A thousand nodes: how long until the page can be used, and how smooth it is then. Measured, not judged: what comes out depends on
 * the machine. The figures are the last line, as JSON.
 */

import { open, shot } from './browser.mjs';

const url = process.env.CUELIGHT_PAGE;
const COUNT = Number(process.env.CUELIGHT_CROWD ?? 1000);

/** Intervals between frames for some seconds, and how long the page was busy at a stretch. */
const smoothness = (page, ms) =>
  page.evaluate(async (ms) => {
    const intervals = [];
    const tasks = [];
    const observer = new PerformanceObserver((list) => list.getEntries().forEach((entry) => tasks.push(entry.duration)));
    observer.observe({ type: 'longtask' });
    const end = performance.now() + ms;
    for (let last = performance.now(); last < end; ) {
      const at = await new Promise((resolve) => requestAnimationFrame(resolve));
      intervals.push(at - last);
      last = at;
    }
    observer.disconnect();
    intervals.sort((a, b) => a - b);
    const at = (share) => Math.round(10 * intervals[Math.floor(share * (intervals.length - 1))]) / 10;
    return { fps: Math.round((1000 * intervals.length) / ms), p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), longest_task_ms: Math.round(Math.max(0, ...tasks)) };
  }, ms);

const { browser, page } = await open(url);
await page.close();
const figures = { nodes: COUNT };
for (const name of ['stage', 'network', 'patch']) {
  const fresh = await browser.newPage();
  await fresh.setViewportSize({ width: 1440, height: 900 });
  const from = performance.now();
  await fresh.goto(`${url}#/${name}`, { waitUntil: 'commit' });
  // All nodes are counted in, and the page answers a key.
  if (name === 'stage') await fresh.getByText(`${COUNT} of ${COUNT} nodes ready`).waitFor();
  else if (name === 'network') await fresh.getByText(new RegExp(`^${COUNT} nodes`)).waitFor();
  else await fresh.locator('[data-universe="0-0"]').waitFor();
  await fresh.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(null))));
  figures[name] = { interactive_ms: Math.round(performance.now() - from), ...(await smoothness(fresh, 5000)) };
  await shot(fresh, `crowd-${name}`);
  await fresh.close();
}
console.log(JSON.stringify(figures));
await browser.close();
process.exit(0);
