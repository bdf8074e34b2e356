// The Farm page says when it has lost its connection; the scale's reading goes into a field at a press.
"use strict";

(() => {
  const stale = () => document.getElementById("stale");
  function mark(isStale) {
    const notice = stale();
    if (notice) notice.hidden = !isStale;
  }
  document.addEventListener("htmx:sendError", () => mark(true));
  document.addEventListener("htmx:timeout", () => mark(true));
  document.addEventListener("htmx:responseError", (event) => {
    mark(true);
    if (event.detail.xhr.status === 401) location.reload();
  });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) mark(false); });

  // A dialog that is open is not redrawn under the reader's hands.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.querySelector("dialog[open]")) event.detail.shouldSwap = false;
  });

  function offerReading() {
    document.querySelectorAll("[data-take-scale]").forEach((button) => { button.hidden = !document.querySelector("[data-scale]"); });
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-take-scale]")) return;
    const reading = document.querySelector("[data-scale-reading]")?.dataset.scaleReading;
    const fields = [...document.querySelectorAll("[data-scale]")];
    const field = fields.find((one) => one === document.activeElement) ?? fields.find((one) => !one.value) ?? fields[0];
    if (field && reading) field.value = reading;
  });
  document.addEventListener("htmx:load", offerReading);
  offerReading();
})();
