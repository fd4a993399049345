/**
 * Grids: <ul data-grid> of <li class="tile" id="KIND-ID">. One tile takes the focus, arrows move it, Space
 * selects; with data-grid="look" nothing is selected. <input data-selected-input="KIND"> gets the ids of the
 * selected tiles, joined by commas, and [data-toolbar] is shown while there are any. The document gets the event
 * "selection". Pictures far off the screen are let go.
 */

import { isTextField } from "./keys.js";
import { allTiles, bringBackBeside } from "./off_screen.js";

const FAR = "2500px";
/** A picture of one transparent pixel: a browser lays out the text of one that has no source. */
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";

/** The tile where a range begins. @type {HTMLElement | null} */
let anchor = null;

/** The tiles of a grid that are in the page; `allTiles` are also those far off the screen. */
const tiles = (grid) => [...grid.querySelectorAll(":scope > .tile")];
const gridOf = (element) => element?.closest?.("[data-grid]");
const tileOf = (element) => (gridOf(element) ? element.closest(".tile") : null);
const selectable = (grid) => grid.dataset.grid !== "look";

/** The selected tiles of the page. @returns {HTMLElement[]} */
export function selected() {
  return [...document.querySelectorAll("[data-grid] > .tile.selected")];
}

/** Select a tile, or no longer. @param {HTMLElement} tile @param {boolean} on */
export function select(tile, on = true) {
  if (!selectable(gridOf(tile))) return;
  tile.classList.toggle("selected", on);
  const pick = tile.querySelector(":scope > .pick");
  if (pick) pick.checked = on;
}

/** Select nothing. */
export function clear() {
  for (const each of selected()) select(each, false);
  tell();
}

/** Move the focus to a tile, and let Tab lead there. @param {HTMLElement} tile */
export function focus(tile) {
  for (const each of tiles(gridOf(tile))) each.tabIndex = each === tile ? 0 : -1;
  tile.focus({ preventScroll: true });
  tile.scrollIntoView({ block: "nearest" });
}

/** Say what is selected, after `select`. */
export function tell() {
  const found = selected();
  for (const input of document.querySelectorAll("[data-selected-input]")) {
    const kind = input.dataset.selectedInput || "face";
    const ids = found.map((each) => each.id.split("-", 2)).filter(([each]) => each === kind);
    input.value = ids.map((each) => each[1]).join(",");
  }
  for (const bar of document.querySelectorAll("[data-toolbar]")) {
    bar.hidden = !found.length;
    const count = bar.querySelector("[data-count]");
    if (count) count.textContent = `${found.length} selected`;
  }
  document.dispatchEvent(new CustomEvent("selection", { detail: { tiles: found } }));
}

function selectRange(from, to) {
  const all = allTiles(gridOf(to));
  const ends = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
  all.forEach((each, place) => select(each, place >= ends[0] && place <= ends[1]));
  tell();
}

function toggle(tile) {
  select(tile, !tile.classList.contains("selected"));
  anchor = tile;
  tell();
}

/** The tile to which a key leads: of the next row, the one below or above. */
function neighbour(tile, key) {
  bringBackBeside(tile);
  const all = key === "Home" || key === "End" ? allTiles(gridOf(tile)) : tiles(gridOf(tile));
  const place = all.indexOf(tile);
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  if (key === "ArrowLeft") return all[place - 1];
  if (key === "ArrowRight") return all[place + 1];
  const { left, top } = tile.getBoundingClientRect();
  const down = key === "ArrowDown";
  const rest = down ? all.slice(place + 1) : all.slice(0, place).reverse();
  const other = rest.find((each) => Math.abs(each.getBoundingClientRect().top - top) > 4);
  if (!other) return neighbourGrid(gridOf(tile), down);
  const row = rest.filter((each) => Math.abs(each.getBoundingClientRect().top - other.getBoundingClientRect().top) < 4);
  const off = (each) => Math.abs(each.getBoundingClientRect().left - left);
  return row.reduce((best, each) => (off(each) < off(best) ? each : best));
}

function neighbourGrid(grid, down) {
  const grids = [...document.querySelectorAll("[data-grid]")].filter((each) => tiles(each).length);
  const next = grids[grids.indexOf(grid) + (down ? 1 : -1)];
  return next && (down ? tiles(next)[0] : tiles(next).at(-1));
}

const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

document.addEventListener("keydown", (event) => {
  const tile = tileOf(event.target);
  if (!tile || isTextField(event.target) || event.altKey || event.metaKey) return;
  if (MOVES.includes(event.key)) {
    const next = neighbour(tile, event.key);
    if (next && event.shiftKey && gridOf(next) === gridOf(tile)) {
      anchor = anchor && gridOf(anchor) === gridOf(tile) && tile.classList.contains("selected") ? anchor : tile;
      selectRange(anchor, next);
    }
    if (next) focus(next);
  } else if (event.key === " " && event.target === tile && selectable(gridOf(tile))) toggle(tile);
  else if (event.key.toLowerCase() === "a" && event.ctrlKey) {
    for (const each of allTiles(gridOf(tile))) select(each);
    tell();
  } else if (event.key === "Enter" && event.target === tile) tile.querySelector("a.cover, button.cover, a.open")?.click();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) clear();
  const tile = tileOf(event.target);
  if (!tile || !selectable(gridOf(tile))) return;
  const isCover = event.target.closest(".cover");
  if (event.target.matches(".pick")) toggle(tile);
  else if (isCover && event.shiftKey) selectRange(anchor && gridOf(anchor) === gridOf(tile) ? anchor : tile, tile);
  else if (isCover && (event.ctrlKey || event.metaKey || !isCover.matches("a, button"))) toggle(tile);
  else return;
  if (!event.target.matches(".pick")) event.preventDefault();
  focus(tile);
}, { capture: true });

document.addEventListener("leave", clear);

const pictures = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && target.dataset.src) target.src = target.dataset.src;
    else if (!isIntersecting && target.src !== NOTHING) {
      target.dataset.src = target.getAttribute("src");
      target.src = NOTHING;
    }
  }
}, { rootMargin: FAR });

function adopt(grid) {
  const all = tiles(grid);
  for (const tile of all) {
    if (tile.hasAttribute("tabindex")) continue;
    tile.tabIndex = -1;
    tile.querySelector(".cover")?.setAttribute("tabindex", "-1");
    for (const picture of tile.querySelectorAll("img")) pictures.observe(picture);
    if (!selectable(grid) || tile.querySelector(":scope > .pick")) continue;
    const pick = Object.assign(document.createElement("input"), { type: "checkbox", className: "pick", tabIndex: -1 });
    pick.setAttribute("aria-label", `Select ${tile.querySelector("img")?.alt || tile.textContent.trim()}`);
    tile.append(pick);
  }
  if (all.length && !all.some((each) => each.tabIndex === 0)) all[0].tabIndex = 0;
}

function adoptAll() {
  for (const grid of document.querySelectorAll("[data-grid]")) adopt(grid);
  tell();
}

document.addEventListener("focusin", (event) => {
  const tile = tileOf(event.target);
  if (tile) for (const each of tiles(gridOf(tile))) each.tabIndex = each === tile ? 0 : -1;
});
document.addEventListener("htmx:afterSettle", adoptAll);
document.addEventListener("reloaded", adoptAll);
document.addEventListener("tiles-back", () => document.querySelectorAll("[data-grid]").forEach(adopt));
adoptAll();
