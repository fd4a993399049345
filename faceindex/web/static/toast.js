/**
 * Toasts: what was done, and its undo. An answer of the server has them in HX-Trigger; see web/context.py.
 *
 * @typedef {{text: string, undo?: number | number[], redo?: number | number[], later?: boolean, class?: string}} Toast
 */

const SHOWN_MS = 10000;
const LATER = "toast";

/** Numbers of the decisions of this page that are not undone, the last one last. @type {(number | number[])[]} */
const made = [];

const last = (number) => Math.max(...[number].flat());

/** Show a toast. @param {Toast} toast */
export function show(toast) {
  if (toast.later) {
    sessionStorage.setItem(LATER, JSON.stringify({ text: toast.text, undo: toast.undo, redo: toast.redo }));
    return;
  }
  if (toast.undo) {
    made.push(toast.undo);
    made.sort((one, other) => last(one) - last(other));
    if (made.at(-1) !== toast.undo) return; // a later decision was answered sooner, and is the one to see
  }
  const shown = document.createElement("div");
  shown.className = `toast ${toast.class ?? ""}`;
  const text = document.createElement("span");
  text.textContent = toast.text;
  shown.append(text);
  const number = toast.undo ?? toast.redo;
  if (number) shown.append(button(toast.undo ? "Undo" : "Redo", () => undo(number)));
  const close = button("×", () => shown.remove());
  close.className = "close";
  close.setAttribute("aria-label", "Close");
  shown.append(close);
  const region = document.getElementById("toasts");
  region.replaceChildren(...region.querySelectorAll(":scope > .error"), shown);
  leaveAfterAWhile(shown);
}

/** Take a decision, or several together, back, or do it again. @param {number | number[]} number */
export function undo(number) {
  const place = made.lastIndexOf(number);
  if (place >= 0) made.splice(place, 1);
  document.getElementById("toasts").replaceChildren();
  window.htmx.ajax("POST", `/log/${number}/undo`, { target: "body", swap: "none" });
}

/** Take the last decision of this page back, if there is one. @returns {boolean} whether there is one */
export function undoLast() {
  const number = made.at(-1);
  if (number) undo(number);
  return Boolean(number);
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  if (text === "Undo") made.append(" ", Object.assign(document.createElement("kbd"), { textContent: "U" }));
  made.addEventListener("click", action);
  return made;
}

function leaveAfterAWhile(shown) {
  let timer = 0;
  const start = () => (timer = setTimeout(() => shown.remove(), SHOWN_MS));
  const stop = () => clearTimeout(timer);
  for (const each of ["pointerenter", "focusin"]) shown.addEventListener(each, stop);
  for (const each of ["pointerleave", "focusout"]) shown.addEventListener(each, start);
  start();
}

document.addEventListener("toast", (event) => show(event.detail));
document.addEventListener("htmx:sendError", () => {
  show({ text: "The server does not answer: is faceindex serve still running?", class: "error" });
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (!xhr.getResponseHeader("HX-Trigger")) show({ text: `The server refused this (${xhr.status}).`, class: "error" });
});

const waiting = sessionStorage.getItem(LATER);
if (waiting) {
  sessionStorage.removeItem(LATER);
  show(JSON.parse(waiting));
}
