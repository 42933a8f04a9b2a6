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

window.addEventListener("load", () => {
  reachWideTables();
  window.django?.jQuery?.(nameChoices); // after Django's own script, which makes the choices
});
