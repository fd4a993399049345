/**
 * The page of a photo or film: the boxes over it, drawn from the list of faces, in step with that; the panel of the
 * chosen face; zoom; photos before and after it in the list that one came from.
 */

import { placed } from "./geometry.js";

const page = document.getElementById("photo");
const overlay = document.getElementById("overlay");
const frame = document.getElementById("frame");
const stage = document.getElementById("stage");
const panel = document.getElementById("panel");
const SVG = "http://www.w3.org/2000/svg";

/** The photo at full size. */
export const size = { width: Number(page.dataset.width), height: Number(page.dataset.height) };
const isFilm = page.dataset.kind === "film";

const rows = () => [...document.querySelectorAll("#faces .face-list > li")];
const rowOf = (id) => document.querySelector(`#faces .face-list > li[data-face="${id}"]`);
const boxOf = (id) => overlay?.querySelector(`.box[data-face="${id}"]`);
const parsed = (text) => {
  const [x, y, w, h] = text.split(" ").map(Number);
  return { x, y, w, h };
};

/** Make an element of an SVG. */
export function made(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Put a rectangle where a box is. @param {Element} rect @param {{x: number, y: number, w: number, h: number}} box */
export function place(rect, box) {
  for (const [name, value] of [["x", box.x], ["y", box.y], ["width", box.w], ["height", box.h]]) {
    rect.setAttribute(name, value);
  }
}

/** Pixels of the screen for one of the photo. */
const scale = () => (frame.getBoundingClientRect().width || 1) / size.width;

/** Show the boxes of the faces in the list. */
function drawBoxes() {
  if (!overlay) return;
  const focused = document.activeElement?.closest?.(".box")?.dataset.face;
  overlay.replaceChildren(...rows().filter((each) => each.dataset.box).map(button));
  if (isFilm) document.dispatchEvent(new Event("boxes"));
  else arrange();
  if (focused) boxOf(focused)?.focus({ preventScroll: true });
  mark();
}

function button(row) {
  const { face, state, label, notes } = row.dataset;
  const group = made("g", { class: `box ${state}`, role: "button", tabindex: "0", "data-face": face });
  group.setAttribute("aria-label", [label === "?" ? "Somebody unknown" : label, notes].filter(Boolean).join(", "));
  group.append(made("rect", { class: "casing" }), made("rect", { class: "line" }));
  if ("drawn" in row.dataset) {
    group.classList.add("drawn");
    group.append(made("path", { class: "corners" }));
  }
  const tag = made("g", { class: "label" });
  const text = made("text", { x: 6, y: 15 });
  text.textContent = label;
  tag.append(made("rect", { class: "plate", rx: 4 }), text);
  group.append(tag);
  group.box = parsed(row.dataset.box);
  return group;
}

/** Move a box of the overlay, or hide it. @param {SVGGElement} group @param {Box | null} box */
export function move(group, box) {
  group.toggleAttribute("data-away", !box);
  group.setAttribute("tabindex", box ? "0" : "-1");
  if (box) group.box = box;
}

/** Put boxes and labels where they belong at the present size of the window. */
export function arrange() {
  if (!overlay) return;
  const by = scale();
  const groups = [...overlay.querySelectorAll(".box:not([data-away])")];
  const labels = groups.map((group) => {
    const w = Math.min(group.querySelector("text").getComputedTextLength() + 12, size.width * by);
    return { w, h: 21 };
  });
  const onScreen = groups.map(({ box }) => ({ x: box.x * by, y: box.y * by, w: box.w * by, h: box.h * by }));
  const places = placed(onScreen, labels, { width: size.width * by, height: size.height * by });
  groups.forEach((group, number) => {
    for (const each of group.querySelectorAll(":scope > rect")) place(each, group.box);
    const corners = group.querySelector(".corners");
    if (corners) corners.setAttribute("d", cornersOf(group.box));
    const { x, y, w, h } = places[number];
    group.querySelector(".label").setAttribute("transform", `scale(${1 / by}) translate(${x} ${y})`);
    place(group.querySelector(".plate"), { x: 0, y: 0, w, h });
  });
}

/** Marks in the corners of a box that somebody drew. */
function cornersOf({ x, y, w, h }) {
  const part = Math.min(w, h) / 4;
  return `M${x} ${y + part}l${part} ${-part}M${x + w - part} ${y}l${part} ${part}`
    + `M${x} ${y + h - part}l${part} ${part}M${x + w - part} ${y + h}l${part} ${-part}`;
}

// The list and the boxes, in step

let chosen = page.dataset.chosen ?? "";

function mark(hot = "") {
  for (const each of document.querySelectorAll("#photo [data-face]:not(.panel-body)")) {
    each.classList.toggle("hot", each.dataset.face === hot);
    each.classList.toggle("chosen", each.dataset.face === chosen);
  }
}

function choose(id) {
  chosen = id;
  mark();
  const address = new URL(location.href);
  if (id) address.searchParams.set("face", id);
  else address.searchParams.delete("face");
  address.searchParams.delete("at");
  history.replaceState(history.state, "", address);
  if (id) document.dispatchEvent(new CustomEvent("chosen", { detail: { row: rowOf(id) } }));
}

const faceOf = (target) => target.closest?.("#overlay [data-face], #faces [data-face]")?.dataset.face;
for (const [kind, gives] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]]) {
  page.addEventListener(kind, (event) => {
    const face = faceOf(event.target);
    if (face) mark(gives ? face : "");
  });
}

// The panel of a face

async function open(id) {
  choose(id);
  const typing = takeKeys(id);
  await window.htmx.ajax("GET", `/photos/${page.dataset.photo}/faces/${id}`, { target: panel, swap: "innerHTML" });
  if (!panel.querySelector(`.panel-body[data-face="${id}"]`)) return;
  window.htmx.process(panel); // now, and not a moment later: Enter may have been pressed
  panel.hidden = false;
  rowOf(id)?.after(panelItem());
  const body = panel.querySelector(".panel-body");
  const target = body.querySelector("[data-first]") ?? ("open" in body.dataset ? body.querySelector("input") : body.querySelector("h3"));
  target.focus({ preventScroll: true });
  if (typing?.value && target instanceof HTMLInputElement) {
    target.value = typing.value;
    if (typing.entered) target.form.requestSubmit();
    else target.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (getComputedStyle(panel).position !== "fixed") panel.scrollIntoView({ block: "nearest" });
}

/** Take what is typed until the panel of a face without a name is there. */
function takeKeys(id) {
  if (rowOf(id)?.dataset.state !== "unknown") return null;
  const field = Object.assign(document.createElement("input"), { className: "typing" });
  field.setAttribute("aria-label", "Who is this?");
  field.addEventListener("keydown", (event) => (field.entered ||= event.key === "Enter"));
  panel.replaceChildren(field);
  panel.hidden = false;
  rowOf(id).after(panelItem());
  field.focus({ preventScroll: true });
  return field;
}

/** The item of the list in which the panel stands. */
function panelItem() {
  const item = panel.closest("li") ?? Object.assign(document.createElement("li"), { className: "panel-item" });
  if (!item.contains(panel)) item.append(panel);
  return item;
}

/** Put the panel where no new list takes it away. */
function rescue() {
  const item = panel.closest("li");
  if (!item) return;
  page.querySelector(".photo-side").append(panel);
  item.remove();
}

function close({ focus = true } = {}) {
  if (panel.hidden) return false;
  const id = panel.querySelector(".panel-body")?.dataset.face;
  panel.hidden = true;
  rescue();
  panel.replaceChildren();
  if (focus && id) focusFace(id);
  return true;
}

function focusFace(id) {
  const box = boxOf(id);
  const target = box && !box.hasAttribute("data-away") ? box : rowOf(id)?.querySelector("button");
  target?.focus({ preventScroll: true });
}

page.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) close();
  const face = event.target.closest(".box, .span, .face-row") && faceOf(event.target);
  if (face && !page.classList.contains("drawing")) open(face);
});
page.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && event.target.matches(".box, .span")) {
    event.preventDefault();
    open(event.target.dataset.face);
  }
});
document.addEventListener("leave", () => close());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.contains(event.target) && !event.defaultPrevented) {
    event.preventDefault();
    close();
  }
}, { capture: false });

/** After an answer: the next face that nobody has named, or the same one. */
let after = null;
page.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const from = detail.elt.closest?.(".panel-body");
  if (detail.requestConfig.verb === "get") return;
  const all = rows();
  const place = all.findIndex((each) => each.dataset.face === from?.dataset.face);
  const later = [...all.slice(place + 1), ...all.slice(0, Math.max(0, place))];
  after = from && {
    id: from.dataset.face,
    next: detail.elt.hasAttribute("data-next") ? later.filter((each) => "open" in each.dataset).map((each) => each.dataset.face) : [],
  };
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id === "faces" && detail.shouldSwap) rescue();
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id !== "faces" && detail.elt?.id !== "faces") return;
  drawBoxes();
  const open_ = panel.querySelector(".panel-body")?.dataset.face;
  if (after) {
    const { id, next } = after;
    after = null;
    const following = next.find((each) => rowOf(each)?.hasAttribute("data-open"));
    close({ focus: false });
    if (following) open(following);
    else {
      choose(id);
      focusFace(id);
    }
  } else if (!panel.hidden && open_) {
    if (rowOf(open_)) open(open_);
    else close();
  }
});
document.addEventListener("reloaded", () => {
  rescue();
  drawBoxes();
});

// The stage: boxes on and off, zoom, drag

const toggle = document.getElementById("boxes");
toggle?.addEventListener("click", () => {
  const shown = toggle.getAttribute("aria-pressed") !== "true";
  toggle.setAttribute("aria-pressed", String(shown));
  frame.classList.toggle("bare", !shown);
});

const zoomed = document.getElementById("zoom");
const picture = document.getElementById("picture");
const fitting = picture?.sizes;

function zoom(on, at) {
  const before = frame.getBoundingClientRect();
  const view = stage.getBoundingClientRect();
  const point = at ?? { x: view.left + view.width / 2, y: view.top + view.height / 2 };
  const share = { x: (point.x - before.left) / before.width, y: (point.y - before.top) / before.height };
  zoomed.setAttribute("aria-pressed", String(on));
  stage.classList.toggle("zoomed", on);
  const width = `${size.width / devicePixelRatio}px`;
  if (on) frame.style.setProperty("width", width);
  else frame.style.removeProperty("width");
  picture.sizes = on ? width : fitting;
  const now = frame.getBoundingClientRect();
  stage.scrollLeft = share.x * now.width - (point.x - view.left);
  stage.scrollTop = share.y * now.height - (point.y - view.top);
  arrange();
}

zoomed?.addEventListener("click", () => {
  const face = chosen && boxOf(chosen)?.getBoundingClientRect();
  zoom(zoomed.getAttribute("aria-pressed") !== "true", face && { x: face.left + face.width / 2, y: face.top + face.height / 2 });
});

let drag = null;
stage?.addEventListener("pointerdown", (event) => {
  if (!stage.classList.contains("zoomed") || page.classList.contains("drawing") || event.target.closest(".box")) return;
  drag = { x: event.clientX, y: event.clientY, left: stage.scrollLeft, top: stage.scrollTop };
  stage.setPointerCapture(event.pointerId);
  event.preventDefault();
});
stage?.addEventListener("pointermove", (event) => {
  if (!drag) return;
  stage.scrollTo({ left: drag.left - event.clientX + drag.x, top: drag.top - event.clientY + drag.y, behavior: "instant" });
});
for (const each of ["pointerup", "pointercancel"]) stage?.addEventListener(each, () => (drag = null));

// A person without a face

const adding = document.getElementById("add-person");
document.getElementById("add")?.addEventListener("click", ({ currentTarget }) => {
  const shown = adding.hidden;
  adding.hidden = !shown;
  currentTarget.setAttribute("aria-expanded", String(shown));
  if (shown) adding.querySelector("input").focus();
});
adding?.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful) return;
  adding.reset();
  adding.hidden = true;
  const opener = document.getElementById("add");
  opener.setAttribute("aria-expanded", "false");
  opener.focus({ preventScroll: true });
});
adding?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  adding.hidden = true;
  document.getElementById("add").focus();
  event.preventDefault();
});

// The list that one came from; photo_list.js keeps it

const list = JSON.parse(sessionStorage.getItem("photo list") ?? "null");
const here = list?.addresses.findIndex((each) => new URL(each, location.href).pathname === location.pathname) ?? -1;
if (here >= 0) {
  const back = document.getElementById("back");
  back.href = list.page;
  back.hidden = false;
  const beside = page.querySelector(".photo-beside");
  for (const [id, step] of [["previous", -1], ["following", 1]]) {
    const link = document.getElementById(id);
    const address = list.addresses[here + step];
    if (address && link) link.href = address;
    else if (!address) link?.remove();
    else beside[step < 0 ? "prepend" : "append"](linkTo(id, address));
  }
}

function linkTo(id, href) {
  const link = Object.assign(document.createElement("a"), { id, href, className: "button" });
  link.dataset.key = id === "previous" ? "ArrowLeft" : "ArrowRight";
  link.textContent = id === "previous" ? "← Previous" : "Next →";
  return link;
}

if (frame) {
  frame.style.setProperty("--ratio", String(size.width / size.height));
  new ResizeObserver(arrange).observe(frame);
}
drawBoxes();
if (chosen && rowOf(chosen)) {
  focusFace(chosen);
  rowOf(chosen).scrollIntoView({ block: "nearest" });
}
