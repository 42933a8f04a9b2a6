// Offers the zone of this device where it is not the zone in which times are shown.
function offerDeviceZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const form of document.querySelectorAll("form.device-zone")) {
    if (!zone || zone === form.dataset.zone) continue;
    form.elements.zone.value = zone;
    form.querySelector("[data-device-zone]").textContent = zone;
    form.hidden = false;
  }
}

document.addEventListener("DOMContentLoaded", offerDeviceZone);
document.addEventListener("htmx:afterSettle", offerDeviceZone);
