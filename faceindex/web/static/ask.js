/**
 * The page Ask: a picture that is dropped, pasted or chosen is sent at once. It is shown from the browser's own
 * copy, as the server keeps none.
 */

import { show } from "./toast.js";

const form = document.getElementById("ask");
const field = document.getElementById("picture");
const answer = document.getElementById("answer");
const status = document.getElementById("asking");
let shown = "";
let asking = null;

async function showPicture(file) {
  const place = answer.querySelector("[data-picture]");
  if (!place) return;
  if (shown) URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(file);
  const picture = Object.assign(new Image(), { src: shown, alt: "The picture that was asked about" });
  try {
    await picture.decode();
  } catch {
    return; // a format that the browser cannot show, such as HEIC
  }
  place.prepend(picture);
  place.hidden = false;
}

async function ask(file) {
  asking?.abort();
  asking = new AbortController();
  const body = new FormData();
  body.append("picture", file, "picture");
  status.textContent = "Looking for faces…";
  answer.replaceChildren();
  try {
    const sent = await fetch("/ask", { method: "POST", body, headers: { "HX-Request": "true" }, signal: asking.signal });
    const toast = JSON.parse(sent.headers.get("HX-Trigger") ?? "{}").toast;
    if (!sent.ok) {
      status.textContent = "";
      show(toast ?? { text: `The server refused this (${sent.status}).`, class: "error" });
      return;
    }
    answer.replaceChildren(document.createRange().createContextualFragment(await sent.text()));
  } catch (error) {
    if (error.name === "AbortError") return;
    status.textContent = "";
    show({ text: "The server does not answer: is faceindex serve still running?", class: "error" });
    return;
  }
  status.textContent = "";
  await showPicture(file);
  answer.focus({ preventScroll: true });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (field.files.length) ask(field.files[0]);
});
field.addEventListener("change", () => {
  if (field.files.length) ask(field.files[0]);
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-choose]")) field.click();
});

document.addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  form.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  form.classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (!file) return;
  event.preventDefault();
  ask(file);
});
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) ask(file);
});
