/**
 * The pages of people: what an action changed is put in its place (<template data-tiles> of its answer), the focus
 * goes on to the next tile, names are typed one after the other, and what an action asks is a dialog.
 */

import { focus, select, selected, tell } from "./grid.js";
import { isTextField } from "./keys.js";
import { allTiles, withId } from "./off_screen.js";

const dialog = document.getElementById("dialog");
const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });
const tileOf = (element) => element?.closest?.("[data-grid] > .tile");
const fieldOf = (tile) => tile?.querySelector(".naming input");

/** The tile after a tile, or before it at the end, for which a condition holds. */
function nextTile(tile, holds = () => true) {
  for (const way of ["nextElementSibling", "previousElementSibling"]) {
    for (let each = tile[way]; each; each = each[way]) if (each.matches(".tile") && holds(each)) return each;
  }
  return null;
}

/** Put a tile where it belongs in the order of the list, unless that part of it is not loaded yet. */
function insert(tile) {
  const grid = document.getElementById(tile.dataset.into);
  if (!grid) return;
  const byFaces = grid.dataset.order === "faces";
  const isLater = (each) => (byFaces && each.dataset.faces - tile.dataset.faces)
    ? each.dataset.faces - tile.dataset.faces < 0 : collator.compare(each.dataset.name, tile.dataset.name) > 0;
  const later = allTiles(grid).find(isLater);
  const end = grid.querySelector(":scope > .more");
  if (later) later.before(tile);
  else if (!end) grid.append(tile);
}

function moveFocusFrom(leaving) {
  const active = document.activeElement;
  const tile = tileOf(active);
  if (!tile || !leaving.has(tile)) return;
  const inField = isTextField(active);
  const next = nextTile(tile, (each) => !leaving.has(each) && (!inField || fieldOf(each)));
  if (!next) document.getElementById("main").focus({ preventScroll: true });
  else if (inField) fieldOf(next).focus();
  else focus(next);
}

/** Replace, add and remove what an answer says. @param {DocumentFragment} changed */
function apply(changed) {
  const fresh = [...changed.children];
  const found = fresh.map((each) => withId(each.id));
  moveFocusFrom(new Set(found.filter((each, place) => each && fresh[place].hasAttribute("data-gone"))));
  let focused = "";
  fresh.forEach((each, place) => {
    const old = found[place];
    if (each.hasAttribute("data-gone")) return old?.remove();
    if (!old) {
      if (each.dataset.into) insert(each);
    } else {
      if (old.contains(document.activeElement)) focused = document.activeElement.id || each.id;
      old.replaceWith(each);
    }
    if (each.isConnected) window.htmx.process(each);
    return undefined;
  });
  document.dispatchEvent(new Event("reloaded"));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Count the people and groups in the headings. */
function count({ morePeople, moreClusters }) {
  if (Number(morePeople) > 0) document.getElementById("nobody")?.remove();
  for (const [selector, more] of [["#people-total", morePeople], ["[data-clusters-total]", moreClusters]]) {
    for (const each of document.querySelectorAll(selector)) {
      const before = Number(each.textContent.replaceAll(",", ""));
      each.textContent = Math.max(0, before + Number(more ?? 0)).toLocaleString("en");
    }
  }
}

/** Requests that have ended: htmx says so twice where what asked is no longer there. @type {WeakSet<XMLHttpRequest>} */
const ended = new WeakSet();

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { xhr, successful, elt } = detail;
  if (ended.has(xhr)) return undefined;
  ended.add(xhr);
  const tile = tileOf(elt);
  if (tile) tile.removeAttribute("aria-busy");
  if (!successful) return fieldOf(tile)?.setAttribute("aria-invalid", "true");
  if (detail.requestConfig.verb === "get") return undefined;
  if (!xhr.responseText.includes("data-tiles")) return undefined;
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  for (const each of answer.querySelectorAll("template[data-tiles]")) {
    apply(document.importNode(each.content, true));
    count(each.dataset);
  }
  return undefined;
});

/** Tell the server which groups are shown, and of what size: it answers with those that changed. */
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb === "get") return;
  const shown = [...document.querySelectorAll(".tile.cluster:not([aria-busy])")];
  if (shown.length) {
    detail.parameters.append("shown", shown.map((each) => `${each.id.split("-")[1]}:${each.dataset.size}`).join(","));
  }
});

/* Names typed one after the other: the next field has the focus at once, whatever the server is doing. */

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (!detail.elt.matches(".naming")) return;
  const tile = tileOf(detail.elt);
  tile.setAttribute("aria-busy", "true");
  const next = nextTile(tile, (each) => fieldOf(each) && !each.hasAttribute("aria-busy"));
  if (next) fieldOf(next).focus();
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.(".naming input")) return;
  field.removeAttribute("aria-invalid");
  const way = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  if (!way || field.value || event.shiftKey) return;
  const other = tileOf(field)[way];
  if (fieldOf(other)) {
    fieldOf(other).focus();
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-to-unnamed]")) return;
  const field = document.querySelector(".naming input");
  if (!field) return;
  event.preventDefault();
  field.focus({ preventScroll: true });
  tileOf(field).closest("section").scrollIntoView({ block: "start" });
});

if (document.getElementById("nobody") && !location.hash) {
  document.querySelector(".naming input")?.focus({ preventScroll: true });
}

/* Actions on what is selected: each button says what it needs; a key acts on the tile with the focus, if none is. */

function offer(tiles) {
  for (const button of document.querySelectorAll("[data-needs]")) {
    const { needs } = button.dataset;
    button.hidden = needs === "one" ? tiles.length !== 1 : !tiles.some((each) => each.classList.contains(needs));
  }
}

document.addEventListener("selection", ({ detail }) => offer(detail.tiles));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isTextField(event.target) || dialog?.open) return;
  const tile = event.target.matches?.("[data-grid] > .tile") ? event.target : null;
  if (!tile || selected().length) return;
  const known = [...document.querySelectorAll("[data-toolbar] [data-key]")];
  if (!known.some((each) => each.dataset.key === event.key.toLowerCase())) return;
  select(tile);
  tell();
}, { capture: true });

/* Dialogs: what htmx puts into #asked is shown. */

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id !== "asked" || dialog.open) return;
  dialog.showModal();
  (dialog.querySelector("[data-first]") ?? dialog.querySelector("input, button"))?.focus();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close]") || event.target === dialog) dialog.close();
});

/** What was asked is answered: the focus is back where it was before the list is loaded anew. */
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  const { xhr, elt, requestConfig } = detail;
  if (requestConfig.verb !== "get" && xhr.status < 400 && dialog?.contains(elt)) dialog.close();
});
