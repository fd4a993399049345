/**
 * The page of a film: it plays from the moment that one chooses, and the boxes follow the faces. A film that the
 * browser cannot play is shown frame by frame.
 */

import { boxAt } from "./geometry.js";
import { arrange, move } from "./photo.js";

const page = document.getElementById("photo");
const film = document.getElementById("film");
const still = document.getElementById("still");
const overlay = document.getElementById("overlay");

/** Where each face is, by its number: rows of moment, x, y, w, h. */
let tracks = await readTracks();
let playable = true;

async function readTracks() {
  const answer = await fetch(`/photos/${page.dataset.photo}/tracks`);
  return answer.ok ? answer.json() : {};
}

/** Show where the faces are at a moment. */
function follow(moment) {
  page.moment = moment;
  for (const group of overlay.querySelectorAll(".box")) {
    const track = tracks[group.dataset.face];
    move(group, track ? boxAt(track, moment) : null);
  }
  arrange();
  const { duration } = document.querySelector("#faces .timeline")?.dataset ?? {};
  for (const row of document.querySelectorAll("#faces .timeline svg")) {
    const line = row.querySelector(".now") ?? row.appendChild(document.createElementNS(row.namespaceURI, "line"));
    line.setAttribute("class", "now");
    for (const [name, value] of [["x1", moment], ["x2", moment], ["y1", 0], ["y2", 10]]) line.setAttribute(name, value);
  }
  page.dataset.moment = moment.toFixed(3);
  return duration;
}

function eachFrame(now, { mediaTime }) {
  follow(mediaTime);
  film.requestVideoFrameCallback(eachFrame);
}

if (film.requestVideoFrameCallback) film.requestVideoFrameCallback(eachFrame);
else film.addEventListener("timeupdate", () => follow(film.currentTime));
film.addEventListener("seeked", () => follow(film.currentTime));
document.addEventListener("boxes", async () => {
  const shown = [...overlay.querySelectorAll(".box")];
  if (shown.some((each) => !(each.dataset.face in tracks))) tracks = await readTracks(); // one was just drawn
  follow(page.moment ?? Number(page.dataset.at ?? 0));
});

/** Show a frame instead of the film. */
function showFrame(moment) {
  still.src = `/media/films/${page.dataset.photo}/at/${Math.max(0, moment).toFixed(3)}`;
  follow(Math.max(0, moment));
}

function cannotPlay() {
  if (!playable) return;
  playable = false;
  film.hidden = true;
  still.hidden = false;
  document.getElementById("unplayable").hidden = false;
  showFrame(page.moment ?? Number(page.dataset.at ?? 0));
}

film.addEventListener("error", cannotPlay);
film.addEventListener("loadedmetadata", () => {
  if (!film.videoWidth) cannotPlay(); // its sound alone
});
if (film.error) cannotPlay();

/** Go to a moment, and play from there. */
function goTo(moment, { play = true } = {}) {
  if (!playable) {
    showFrame(moment);
    return;
  }
  film.currentTime = moment;
  if (play) film.play().catch(() => {}); // the browser may not allow it yet: then the frame is shown
}

document.addEventListener("chosen", ({ detail }) => {
  const { start, end, best } = detail.row?.dataset ?? {};
  if (start === undefined) return;
  const inside = page.moment >= Number(start) && page.moment <= Number(end);
  if (!playable) showFrame(Number(best));
  else if (!inside || film.paused) goTo(Number(start));
});

page.addEventListener("click", (event) => {
  const { step } = event.target.closest?.("[data-step]")?.dataset ?? {};
  if (step) showFrame((page.moment ?? 0) + Number(step));
});
film.addEventListener("keydown", (event) => {
  if (event.key.startsWith("Arrow")) event.stopPropagation(); // the film's own keys
});

follow(Number(page.dataset.at ?? 0));
