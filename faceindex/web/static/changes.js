/**
 * Changes: asks every few seconds, while the page is visible, whether the library is still what the page shows.
 * What another tab, the command line or a scan changed is announced; what this page did itself is not.
 */

import { reload } from "./place.js";

const EVERY_MS = 3000;

/** The version that the page shows; empty if it is not known. */
let shown = document.body.dataset.version;
const bar = document.getElementById("changed");

function announce(changed) {
  bar.hidden = !changed;
}

async function look() {
  const before = shown;
  let answer;
  try {
    answer = await fetch("/state/version");
  } catch {
    return; // it does not run now; an action would say so
  }
  if (!answer.ok || before !== shown) return;
  const { version } = await answer.json();
  if (version !== shown && !acting) announce(true);
}

/** Actions in work, whose changes are not to be taken for those of others. */
let acting = 0;

/** Whether some of them ran at the same time, and whether what the page showed was the library before them. */
let several = false;
let known = false;

/** After several actions at the same time, the library as it is now is what the page shows. */
async function catchUp() {
  acting += 1;
  try {
    const answer = await fetch("/state/version");
    if (answer.ok) shown = (await answer.json()).version;
  } finally {
    acting -= 1;
  }
}

document.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.requestConfig.verb === "get") return;
  several = acting > 0;
  known = several && known;
  acting += 1;
});
/** Requests that have ended: htmx says so twice where what asked is no longer there. @type {WeakSet<XMLHttpRequest>} */
const ended = new WeakSet();

document.addEventListener("htmx:afterRequest", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (requestConfig.verb === "get" || ended.has(xhr)) return;
  ended.add(xhr);
  acting = Math.max(0, acting - 1);
  const after = xhr.getResponseHeader("X-Library-After");
  if (!after) return;
  known ||= shown === xhr.getResponseHeader("X-Library-Before");
  if (known && !several) shown = after;
  else if (known && !acting) catchUp();
});

document.addEventListener("click", async (event) => {
  if (!event.target.closest?.("[data-show-changes]")) return;
  const answer = await fetch("/state/version");
  if (answer.ok) shown = (await answer.json()).version;
  announce(false);
  await reload();
});

setInterval(() => {
  if (document.visibilityState === "visible" && bar.hidden) look();
}, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && bar.hidden) look();
});
