/**
 * Places: [data-reload], the main list of a page, is loaded anew where it stands, with the focus, the scroll
 * position and as many chunks as it had. Back, forward and reload find the place again; what is kept for that
 * holds no name.
 */

import { select, selected, tell } from "./grid.js";

const PREFIX = "place ";

/** A key for an address; it may hold a name that is searched for, so only its hash is kept. */
async function keyOf(address) {
  const bytes = new TextEncoder().encode(address);
  const digest = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : hash(bytes);
  return PREFIX + [...digest.slice(0, 12)].map((each) => each.toString(16)).join("");
}

/** FNV-1a, for a page that other machines see without TLS: there the browser has no SHA-256. */
function hash(bytes) {
  let value = 0x811c9dc5;
  for (const each of bytes) value = Math.imul(value ^ each, 0x01000193) >>> 0;
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
}

const list = () => document.querySelector("[data-reload]");
const rows = (element) => element?.querySelectorAll("[id]").length ?? 0;
const more = (element) => element?.querySelector(".more[hx-get]");

/** Load chunks until a list has so many elements again. */
async function fill(element, count) {
  for (let next = more(element); next && rows(element) < count; next = more(element)) {
    const answer = await fetch(next.getAttribute("hx-get"), { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const chunk = document.createRange().createContextualFragment(await answer.text());
    const added = [...chunk.children];
    next.replaceWith(chunk);
    for (const each of added) window.htmx.process(each);
  }
}

/** Where one is. The focus may be in an element without an id: then it is the nth of its kind in one with an id. */
function present() {
  const { activeElement } = document;
  const named = activeElement?.closest("[id]");
  const kind = named && named !== activeElement ? activeElement.localName : "";
  const nth = kind ? [...named.querySelectorAll(kind)].indexOf(activeElement) : 0;
  return { count: rows(list()), focus: named?.id ?? "", kind, nth, x: scrollX, y: scrollY };
}

function focusAgain({ focus, kind, nth }) {
  const named = focus && document.getElementById(focus);
  if (!named) return;
  const choices = kind ? named.querySelectorAll(kind) : [named];
  choices[Math.min(nth, choices.length - 1)]?.focus({ preventScroll: true });
}

async function restore(place) {
  await fill(list(), place.count);
  document.dispatchEvent(new Event("reloaded"));
  focusAgain(place);
  scrollTo({ left: place.x, top: place.y, behavior: "instant" });
}

/** Load the main list anew, where it stands. */
export async function reload() {
  const old = list();
  if (!old) return location.reload();
  const place = present();
  const typed = [...old.querySelectorAll("input[id]")].filter((each) => each.value !== each.defaultValue)
    .map((each) => [each.id, each.value]);
  const chosen = selected().map((each) => each.id);
  const answer = await fetch(location.href);
  if (!answer.ok) return location.reload();
  const text = await answer.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.querySelector("[data-reload]");
  if (!fresh) return location.reload();
  const { body } = document;
  body.style.setProperty("min-height", `${body.scrollHeight}px`); // so that it does not scroll meanwhile
  old.replaceWith(fresh);
  window.htmx.process(fresh);
  await restore(place);
  for (const [id, value] of typed) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  for (const id of chosen) {
    const tile = document.getElementById(id);
    if (tile) select(tile);
  }
  tell();
  body.style.removeProperty("min-height");
  return undefined;
}

document.addEventListener("undone", () => {
  if (list() && !list().hasAttribute("hx-trigger")) reload();
});

history.scrollRestoration = "manual";
let key = await keyOf(location.pathname + location.search);
const kept = sessionStorage.getItem(key);
const how = performance.getEntriesByType("navigation")[0]?.type;
if (kept && (how === "reload" || how === "back_forward")) await restore(JSON.parse(kept));
else if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();

const keep = () => sessionStorage.setItem(key, JSON.stringify(present()));
addEventListener("pagehide", keep);
document.addEventListener("htmx:pushedIntoHistory", async () => {
  key = await keyOf(location.pathname + location.search);
});
