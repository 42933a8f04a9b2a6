// What Django's admin leaves without a name or out of the keyboard's reach.
function nameChoices() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const shown = select.parentElement.querySelector(".select2-selection");
    const text = shown?.querySelector(".select2-selection__rendered");
    if (!text || !select.labels.length) continue;
    const label = select.labels[0];
    label.id ||= `${select.id}-label`;
    shown.setAttribute("aria-labelledby", `${label.id} ${text.id}`);
    text.setAttribute("aria-labelledby", label.id);
  }
}

function reachWideTables() {
  for (const group of document.querySelectorAll(".inline-group")) group.tabIndex = 0;
}

// A file is sent when it is chosen: what follows is only a preview. Without JavaScript, a button does.
function sendChosenFiles() {
  for (const help of document.querySelectorAll("[data-sends-help]")) help.hidden = false;
  for (const input of document.querySelectorAll("input[data-sends]")) {
    input.addEventListener("change", () => input.files.length && input.form.requestSubmit());
  }
}

window.addEventListener("load", () => {
  sendChosenFiles();
  reachWideTables();
  window.django?.jQuery?.(nameChoices); // after Django's own script, which makes the choices
});
