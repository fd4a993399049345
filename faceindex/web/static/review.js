/**
 * The page Review: M or / leads to the name, what is asked is told to screen readers, the focus stays on the
 * question, and the pictures of the next question are loaded while this one is looked at.
 */

import { isTextField } from "./keys.js";

const question = document.getElementById("question");
const named = () => document.getElementById("name");

document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-focus]")?.dataset.focus;
  if (name) document.getElementById(name)?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || isTextField(event.target) || !named()) return;
  if (document.querySelector("dialog[open]")) return;
  event.preventDefault();
  named().focus();
}, { capture: true });

document.addEventListener("change", (event) => {
  const faces = event.target.closest(".together");
  if (!faces) return;
  const left = faces.querySelectorAll("input:checked").length;
  for (const each of document.querySelectorAll(".answers [name=answer]")) each.disabled = !left && !faces.querySelector("[name=rest]");
});

async function loadNext() {
  const skip = document.getElementById("skip");
  if (!skip) return;
  const address = new URL(skip.getAttribute("hx-get"), location.href);
  for (const [name, value] of Object.entries(JSON.parse(skip.getAttribute("hx-vals")))) address.searchParams.set(name, value);
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok || !skip.isConnected) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const pictures = [...next.querySelectorAll(".sight img")];
  kept = pictures.map((each) => Object.assign(new Image(), { src: each.getAttribute("src") }));
}

/** Pictures of the next question, so that the browser keeps them. */
let kept = [];

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== question) return;
  document.getElementById("told").textContent = question.querySelector("[data-told], .empty h2")?.textContent ?? "";
  const focused = document.activeElement; // htmx leaves it in the name, where S and D are letters
  if (!focused || focused === document.body || focused.id === "name") question.focus({ preventScroll: true });
  loadNext();
});
loadNext();
