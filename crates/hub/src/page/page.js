"use strict";
// The built-in page: asks for the show twice a second and draws it; sends commands as they are given.

const REFRESH_MS = 500;
const TIMEOUT_MS = 3000;
/** A slider sends at most 15 commands a second; the last value is always sent. */
const SLIDER_MS = 66;

const $ = (id) => document.getElementById(id);
const write = (element, value) => { if (element.textContent !== value) element.textContent = value; };
const us = (ns) => (ns / 1000).toFixed(ns < 1e5 ? 1 : 0);

let key = sessionStorage.getItem("operator-key");
let isBlackout = false;
let seenAt = null;

/** The hub wants the operator key: the form for it is shown. */
class NeedsKey extends Error {}

async function call(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers.Authorization = "Bearer " + key;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(path, { method, headers, body: text, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const answer = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
  if (response.status === 401) {
    $("login").hidden = false;
    throw new NeedsKey(answer?.detail ?? "The operator key is needed.");
  }
  if (!response.ok) throw new Error(answer?.detail ?? response.statusText);
  $("login").hidden = true;
  return answer;
}

async function act(what, path, body) {
  try {
    const answer = await call("POST", "/api/v1/" + path, body);
    write($("message"), `${what}: change ${answer.rev}, holds from show time ${(answer.apply_at_us / 1e6).toFixed(3)} s`);
  } catch (error) {
    write($("message"), `${what}: ${error.message}`);
  }
}

/** Calls `send` with the newest value, one call at a time, at most one in `period` milliseconds. */
function throttled(send, period) {
  let newest, isWaiting = false, isSending = false;
  async function run() {
    if (isSending) return;
    isSending = true;
    while (isWaiting) {
      isWaiting = false;
      const pause = new Promise((resolve) => setTimeout(resolve, period));
      await send(newest);
      await pause;
    }
    isSending = false;
  }
  return (value) => { newest = value; isWaiting = true; run(); };
}

function state(node) {
  const why = node.degraded ? `: ${node.degraded}` : "";
  const clock = node.state === "ready" && !node.lock ? ", clock not locked" : "";
  return node.state + why + clock;
}

/** The cells of a node's row. */
function cells(node) {
  const measured = (value) => (node.legacy ? "–" : us(value));
  return [
    `${node.id} ${node.name ?? node.mac}${node.legacy ? " (deployed)" : ""}`,
    state(node),
    node.ip ?? "–",
    measured(node.sigma_ns),
    measured(node.bound_ns),
    measured(node.late_ns_p99),
    node.loss_pct.toFixed(1),
    node.fps.toFixed(0),
    node.last_seen_ms === null ? "–" : `${(node.last_seen_ms / 1000).toFixed(1)} s`,
  ];
}

/** Rows stay and only what changed is written, so that a selection and a reader's place survive. */
function drawNodes(nodes) {
  const body = $("nodes");
  while (body.rows.length > nodes.length) body.deleteRow(-1);
  nodes.forEach((node, index) => {
    const row = body.rows[index] ?? body.insertRow();
    cells(node).forEach((value, column) => {
      const cell = row.cells[column] ?? row.insertCell();
      if (column > 2) cell.className = "number";
      write(cell, value);
    });
    row.cells[1].className = "state " + node.state;
  });
  $("none").hidden = nodes.length > 0;
}

function draw(show) {
  seenAt = new Date();
  $("stale").className = "";
  const facts = [`show time ${(show.show_us / 1e6).toFixed(1)} s`, `${show.nodes.length} ${show.nodes.length === 1 ? "node" : "nodes"}`];
  facts.push(`tick ${show.tick.hz.toFixed(1)} Hz, ${show.tick.overruns} overruns`);
  write($("facts"), facts.join(" · "));
  write($("risks"), show.risks.map((risk) => `Risk: ${risk}.`).join(" "));
  write($("tempo"), `${show.tempo.bpm.toFixed(2)} bpm`);
  isBlackout = show.master.blackout;
  $("blackout").setAttribute("aria-pressed", isBlackout);
  if (document.activeElement !== $("master")) $("master").value = show.master.level;
  for (const button of $("scenes").children) {
    const { effect, palette } = button.dataset;
    button.setAttribute("aria-pressed", effect === show.scene.effect && palette === show.scene.palette);
  }
  drawNodes(show.nodes);
}

async function refresh() {
  try {
    draw(await call("GET", "/api/v1/show"));
  } catch (error) {
    const since = seenAt ? ` What you see is from ${seenAt.toLocaleTimeString()}.` : "";
    write($("stale"), error instanceof NeedsKey ? error.message : `No answer from the hub.${since} ${error.message}`);
    $("stale").className = "on";
  }
  setTimeout(refresh, REFRESH_MS);
}

async function listScenes() {
  try {
    for (const preset of await call("GET", "/api/v1/presets")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = preset.name;
      button.title = preset.description;
      button.dataset.effect = preset.effect;
      button.dataset.palette = preset.palette;
      button.addEventListener("click", () => act(preset.name, "scene", { preset: preset.name, fade_ms: 500 }));
      $("scenes").append(button);
    }
  } catch {
    setTimeout(listScenes, 2000);
  }
}

const setMaster = throttled((level) => act("Master", "master", { level }), SLIDER_MS);
$("master").addEventListener("input", (event) => setMaster(Number(event.target.value)));
$("blackout").addEventListener("click", () => act(isBlackout ? "Lights" : "Blackout", "blackout", { on: !isBlackout }));
$("tap").addEventListener("click", () => act("Tap", "tempo", { tap: true }));
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("key").value.trim();
  sessionStorage.setItem("operator-key", key);
  $("key").value = "";
});
listScenes();
refresh();
