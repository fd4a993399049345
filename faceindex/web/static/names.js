/**
 * Name fields: <input data-names> offers known people while one types (an ARIA combobox with a list). Enter takes
 * the offer that the arrows chose, else the text as it is, and submits the form. GET /people/names?q= answers
 * [{"key": ..., "name": ..., "note": ...}], the best first.
 */

const WAIT_MS = 100;
let made = 0;

function listOf(input) {
  const known = document.getElementById(input.getAttribute("aria-controls") ?? "");
  if (known) return known;
  const list = document.createElement("ul");
  list.id = `names-${(made += 1)}`;
  list.className = "names";
  list.role = "listbox";
  list.setAttribute("aria-label", "Known people");
  list.hidden = true;
  input.role = "combobox";
  input.autocomplete = "off";
  for (const [name, value] of [["controls", list.id], ["expanded", "false"], ["autocomplete", "list"]]) {
    input.setAttribute(`aria-${name}`, value);
  }
  input.after(list);
  return list;
}

const chosen = (list) => list.querySelector("[aria-selected=true]");

function choose(input, list, option) {
  chosen(list)?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

function close(input) {
  const list = listOf(input);
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function offer(input, people) {
  const list = listOf(input);
  list.replaceChildren(...people.map((each, place) => {
    const option = Object.assign(document.createElement("li"), { id: `${list.id}-${place}`, role: "option" });
    option.setAttribute("aria-selected", "false");
    option.dataset.name = each.name;
    option.append(Object.assign(document.createElement("span"), { textContent: each.name }));
    if (each.note) option.append(Object.assign(document.createElement("small"), { textContent: each.note }));
    return option;
  }));
  list.hidden = !people.length;
  input.setAttribute("aria-expanded", String(Boolean(people.length)));
}

/** The request in work of each field. @type {WeakMap<HTMLInputElement, AbortController>} */
const asking = new WeakMap();

async function ask(input) {
  asking.get(input)?.abort();
  const text = input.value.trim();
  if (!text) return close(input);
  const controller = new AbortController();
  asking.set(input, controller);
  const { signal } = controller;
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  if (signal.aborted) return undefined;
  try {
    const answer = await fetch(`/people/names?q=${encodeURIComponent(text)}`, { signal });
    const people = answer.ok ? await answer.json() : [];
    if (!signal.aborted && document.activeElement === input) offer(input, people);
  } catch (error) {
    if (error.name !== "AbortError") close(input);
  }
  return undefined;
}

function done(input) {
  asking.get(input)?.abort();
  close(input);
}

function take(input, option) {
  input.value = option.dataset.name;
  done(input);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-names]")) ask(event.target);
});

document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.matches("[data-names]") || event.isComposing) return;
  const list = listOf(input);
  const option = chosen(list);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const down = event.key === "ArrowDown";
    const next = option ? (down ? option.nextElementSibling : option.previousElementSibling)
      : (down ? list.firstElementChild : list.lastElementChild);
    choose(input, list, next);
    event.preventDefault();
  } else if ((event.key === "Enter" || event.key === "Tab") && option) take(input, option);
  else if (event.key === "Enter") done(input);
  else if (event.key === "Escape" && !list.hidden) {
    done(input);
    event.preventDefault();
    event.stopPropagation();
  }
}, { capture: true });

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest?.(".names > [role=option]");
  if (!option) return;
  event.preventDefault(); // the field keeps the focus
  const input = document.querySelector(`[aria-controls="${option.parentElement.id}"]`);
  take(input, option);
  input.form?.requestSubmit();
});

document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("[data-names]")) done(event.target);
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-names]")) listOf(event.target);
});
