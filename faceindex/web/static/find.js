/** Finding photos: a name that was chosen, or a chip that is taken away, changes the address at once. */

const formOf = (element) => element.closest("form.asked");

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-remove]");
  if (!button) return;
  const form = formOf(button);
  const field = button.closest(".who").querySelector("[data-names]");
  button.closest(".chip").remove();
  field.focus();
  form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Backspace" || !field.matches?.("form.asked [data-names]") || field.value) return;
  const last = [...field.closest(".who").querySelectorAll("[data-remove]")].at(-1);
  if (last) last.click();
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.("form.asked [data-names]") && event.target.value) formOf(event.target).requestSubmit();
});
