/**
 * Keys: data-key="s" on a button or link lets S click it, unless a text field has the focus; "?" lists them.
 * data-go="p" on a link is followed by G, then P.
 */

import { undoLast } from "./toast.js";

const GO_MS = 1500;

/** Keys that every page has, for the list. */
const COMMON = [
  ["↑ ↓ ← →", "Move among the tiles"],
  ["Space", "Select the tile"],
  ["Shift ← →", "Select several"],
  ["Ctrl A", "Select all that are shown"],
  ["Enter", "Open the tile"],
  ["U", "Undo the last decision"],
  ["/", "Search"],
  ["Esc", "Leave a field or a selection"],
];

const ARROWS = { ArrowLeft: "←", ArrowRight: "→" };

let goingUntil = 0;

/** Tell whether what is typed into an element is text. @param {EventTarget} element */
export function isTextField(element) {
  return element instanceof Element
    && element.closest("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button])");
}

function isShown(element) {
  return element.checkVisibility() && !element.disabled && !element.closest("[inert]");
}

function withKey(key) {
  const open = document.querySelector("dialog[open]") ?? document;
  return [...open.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key && isShown(each));
}

function go(key) {
  const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  link?.click();
  return Boolean(link);
}

function leave(event) {
  if (document.querySelector("dialog[open]")) return;
  if (isTextField(event.target)) {
    event.preventDefault(); // a search field would lose its text
    event.target.blur();
  }
  else document.dispatchEvent(new Event("leave"));
}

/** Do what a key means. @returns {boolean} whether it means anything */
function act(key) {
  const going = performance.now() < goingUntil;
  goingUntil = 0;
  if (going && go(key)) return true;
  const element = withKey(key);
  if (element) {
    element.click();
    return true;
  }
  if (document.querySelector("dialog[open]")) return false;
  if (key === "u") return undoLast();
  if (key === "g") goingUntil = performance.now() + GO_MS;
  if (key !== "/") return false;
  (document.querySelector("main [data-search]") ?? document.querySelector("[data-search]"))?.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape") leave(event);
  else if (!isTextField(event.target) && act(event.key.length === 1 ? event.key.toLowerCase() : event.key)) {
    event.preventDefault();
  }
});

function label(element) {
  const copy = element.cloneNode(true);
  for (const each of copy.querySelectorAll("kbd, .unseen, [aria-hidden]")) each.remove();
  return element.getAttribute("aria-label") || copy.textContent.trim() || element.title;
}

function list() {
  const own = [...document.querySelectorAll("main [data-key], [data-toolbar] [data-key]")];
  const shown = own.map((each) => [ARROWS[each.dataset.key] ?? each.dataset.key.toUpperCase(), label(each)]);
  const pages = [...document.querySelectorAll("[data-go]")].map((each) => [
    `G ${each.dataset.go.toUpperCase()}`, each.textContent.trim(),
  ]);
  const seen = new Map([...shown, ...COMMON, ...pages].reverse().map((each) => [each[0], each[1]]));
  return [...seen].reverse();
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.(".help")) return;
  const dialog = document.getElementById("keys");
  const rows = list().flatMap(([key, text]) => {
    const term = document.createElement("dt");
    term.append(...key.split(" ").flatMap((each) => [Object.assign(document.createElement("kbd"), { textContent: each }), " "]));
    return [term, Object.assign(document.createElement("dd"), { textContent: text })];
  });
  dialog.querySelector("dl").replaceChildren(...rows);
  dialog.showModal();
});

/* A key may come before htmx knows a form that was just swapped in: no form is sent without it. */
document.addEventListener("submit", (event) => {
  if (event.target.matches("[hx-post], [hx-get]")) event.preventDefault();
});
