/** Drawing a face that was missed: by mouse, touch or pen, or by keys; sent in pixels of the full-size photo. */

import { between, byKey, counts, middle, toPhoto, withCorner } from "./geometry.js";
import { made, place, size } from "./photo.js";

const page = document.getElementById("photo");
const button = document.getElementById("draw");
const help = document.getElementById("draw-help");
const form = document.getElementById("drawn");
const overlay = document.getElementById("overlay");
const film = document.getElementById("film");
const CORNERS = ["nw", "ne", "sw", "se"];

/** The box that is drawn. @type {{x: number, y: number, w: number, h: number} | null} */
let box = null;
let shape = null;
/** What the pointer does: draws a new box, moves it, or drags a corner. */
let gesture = null;

function show() {
  for (const each of shape.querySelectorAll("rect:not([data-corner])")) place(each, box);
  const side = (14 * size.width) / (overlay.getBoundingClientRect().width || 1);
  for (const each of shape.querySelectorAll("[data-corner]")) {
    const x = each.dataset.corner.includes("w") ? box.x : box.x + box.w;
    const y = each.dataset.corner.includes("n") ? box.y : box.y + box.h;
    place(each, { x: x - side / 2, y: y - side / 2, w: side, h: side });
  }
}

function start() {
  film?.pause();
  box = middle(size);
  shape = made("g", { class: "new-box", role: "application", tabindex: "0", "aria-label": "New box: arrows move it, Shift and arrows resize it, Enter takes it" });
  shape.append(made("rect", { class: "casing" }), made("rect", { class: "line", "data-move": "" }));
  shape.append(...CORNERS.map((corner) => made("rect", { class: "corner", "data-corner": corner })));
  overlay.append(shape);
  page.classList.add("drawing");
  button.setAttribute("aria-pressed", "true");
  help.hidden = false;
  show();
  shape.focus({ preventScroll: true });
}

function stop() {
  if (!shape) return;
  shape.remove();
  shape = box = gesture = null;
  page.classList.remove("drawing");
  button.setAttribute("aria-pressed", "false");
  help.hidden = form.hidden = true;
  form.reset();
  button.focus({ preventScroll: true });
}

/** Ask who it is. */
function ask() {
  form.hidden = false;
  for (const each of ["x", "y", "w", "h"]) form.elements[each].value = box[each].toFixed(2);
  if (form.elements.at) form.elements.at.value = (page.moment ?? film?.currentTime ?? 0).toFixed(3);
  form.elements.name.focus({ preventScroll: true });
  form.scrollIntoView({ block: "nearest" });
}

button?.addEventListener("click", () => (shape ? stop() : start()));
document.getElementById("drawn-cancel")?.addEventListener("click", stop);

const point = (event) => toPhoto({ x: event.clientX, y: event.clientY }, overlay.getBoundingClientRect(), size);

overlay?.addEventListener("pointerdown", (event) => {
  if (!shape || event.button) return;
  event.preventDefault();
  const { corner } = event.target.dataset;
  const kind = corner ? "corner" : "move" in event.target.dataset ? "move" : "new";
  gesture = { kind, corner, from: point(event), before: box };
  overlay.setPointerCapture(event.pointerId);
});

overlay?.addEventListener("pointermove", (event) => {
  if (!gesture) return;
  const to = point(event);
  const { kind, corner, from, before } = gesture;
  if (kind === "corner") box = withCorner(before, corner, to, size);
  else if (kind === "new") box = between(from, to, size);
  else {
    const x = Math.min(Math.max(0, before.x + to.x - from.x), size.width - before.w);
    const y = Math.min(Math.max(0, before.y + to.y - from.y), size.height - before.h);
    box = { ...before, x, y };
  }
  show();
});

overlay?.addEventListener("pointerup", () => {
  if (!gesture) return;
  const { before } = gesture;
  gesture = null;
  if (!counts(box, size)) {
    box = before; // a click, or a slip of the hand
    show();
    shape.focus({ preventScroll: true });
  } else ask();
});

overlay?.addEventListener("keydown", (event) => {
  if (!shape || event.target !== shape) return;
  if (event.key.startsWith("Arrow")) box = byKey(box, event.key, event.shiftKey, size);
  else if (event.key === "Enter") ask();
  else if (event.key === "Escape") stop();
  else return;
  if (shape) show();
  event.preventDefault();
  event.stopPropagation();
});

form?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  event.preventDefault();
  event.stopPropagation();
  stop();
});
form?.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.requestConfig.verb === "post") stop();
});
document.addEventListener("leave", () => {
  if (document.activeElement === document.body) stop();
});
