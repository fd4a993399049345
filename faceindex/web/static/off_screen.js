/**
 * Long grids: rows far off the screen are taken out of the page, and a gap of their height stands for them, so that
 * a tab's memory does not grow with each tile. They are kept as text, and are read again when they come near.
 * Rows with a selected tile, with the focus or with something typed stay.
 */

/** Shorter grids stay whole. */
const TILES = 600;
/** Rows are taken out together, at least so many tiles. */
const TOGETHER = 60;
/** Pixels from the screen from which on they are taken out; they come back earlier. */
const FAR = 5000;
const NEAR = 3000;

/** What is out, as text, by the gap that stands for it. @type {Map<Element, string>} */
const out = new Map();
/** The width of each long grid, by which its rows were laid out. @type {WeakMap<Element, number>} */
const widths = new WeakMap();

const gapsOf = (grid) => [...grid.children].filter((each) => out.has(each));

function putBack(gap) {
  const parsed = document.createElement("template");
  parsed.innerHTML = out.get(gap);
  out.delete(gap);
  if (!gap.isConnected) return;
  const elements = [...parsed.content.children];
  for (const each of elements) each.removeAttribute("tabindex"); // grid.js adopts it anew
  gap.replaceWith(...elements);
  for (const each of elements) window.htmx.process(each);
}

function putAllBack(gaps) {
  gaps.forEach(putBack);
  if (gaps.length) document.dispatchEvent(new Event("tiles-back"));
}

/** The tiles of a grid in their order; all of them are in the page then. @param {Element} grid */
export function allTiles(grid) {
  putAllBack(gapsOf(grid));
  return [...grid.querySelectorAll(":scope > .tile")];
}

/** The element with an id; it is in the page then. @param {string} id @returns {HTMLElement | null} */
export function withId(id) {
  if (!document.getElementById(id)) {
    putAllBack([...out.keys()].filter((gap) => out.get(gap).includes(` id="${CSS.escape(id)}"`)));
  }
  return document.getElementById(id);
}

/** Put what is before and after a tile into the page. @param {Element} tile */
export function bringBackBeside(tile) {
  for (const way of ["previousElementSibling", "nextElementSibling"]) {
    let each = tile;
    for (let steps = 0; each && steps < TOGETHER && !out.has(each); steps += 1) each = each[way];
    if (out.has(each)) putAllBack([each]);
  }
}

/** Groups of whole rows that are in the page; the last one of a part may still grow, and is left out. */
function groups(grid) {
  const found = [];
  let group = [];
  let top = -1;
  for (const each of grid.children) {
    if (out.has(each) || each.classList.contains("more")) {
      group = [];
      continue;
    }
    const begins = each.offsetTop !== top;
    top = each.offsetTop;
    if (begins && group.length >= TOGETHER) {
      found.push({ elements: group, top: group[0].offsetTop, bottom: top });
      group = [];
    }
    group.push(each);
  }
  return found;
}

const stays = (each) => each.tabIndex === 0 || each.classList.contains("selected") || each.hasAttribute("aria-busy")
  || each.contains(document.activeElement) || [...each.querySelectorAll("input:not(.pick)")].some((input) => input.value);

function takeOut(grid, { elements, top, bottom }) {
  if (elements.some(stays)) return;
  const gap = document.createElement("li");
  gap.className = "gap";
  gap.setAttribute("role", "presentation");
  gap.style.height = `${bottom - top - (parseFloat(getComputedStyle(grid).rowGap) || 0)}px`;
  elements[0].before(gap);
  out.set(gap, elements.map((each) => each.outerHTML).join(""));
  for (const each of elements) each.remove();
}

function update() {
  for (const gap of out.keys()) if (!gap.isConnected) out.delete(gap);
  for (const grid of document.querySelectorAll("[data-grid]")) {
    if (grid.childElementCount < TILES && !widths.has(grid)) continue;
    if (widths.get(grid) !== grid.clientWidth) {
      putAllBack(gapsOf(grid));
      widths.set(grid, grid.clientWidth);
    }
    const first = grid.offsetTop - grid.getBoundingClientRect().top; // the top of the screen, as offsetTop counts
    const last = first + innerHeight;
    putAllBack(gapsOf(grid).filter((gap) => (
      gap.offsetTop + gap.offsetHeight > first - NEAR && gap.offsetTop < last + NEAR)));
    for (const each of groups(grid)) {
      if (each.bottom < first - FAR || each.top > last + FAR) takeOut(grid, each);
    }
  }
}

let waits = false;
function updateSoon() {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => {
    waits = false;
    update();
  });
}

for (const each of ["scroll", "resize"]) addEventListener(each, updateSoon, { passive: true });
document.addEventListener("htmx:afterSettle", updateSoon);
