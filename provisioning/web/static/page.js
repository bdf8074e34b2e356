// What every page shares: dialogs, press feedback, one send per form, printing. Everything works without it.
"use strict";

(() => {
  const pressable = "a.button, button, a.tile, a.offer, a.entry, .keypad__key";

  function release() {
    document.querySelectorAll(".pressed").forEach((part) => part.classList.remove("pressed"));
  }
  document.addEventListener("pointerdown", (event) => {
    event.target.closest?.(pressable)?.classList.add("pressed");
  });
  for (const name of ["pointerup", "pointercancel", "pagehide", "pageshow"]) window.addEventListener(name, release);

  // A form in flight is not sent again by an impatient second press; the server would take it once anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || form.hasAttribute("data-stay") || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
    setTimeout(() => unsend(form), 8000);
  });
  function unsend(form) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  }
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(unsend));

  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-dialog], [data-close], [data-print], [data-back]");
    if (!target) return;
    if (target.hasAttribute("data-back")) {
      // From a refusal back to the form, with what was typed in it; whoever came from nowhere follows the link.
      if (!document.referrer.startsWith(`${location.origin}/`)) return;
      event.preventDefault();
      history.back();
      return;
    }
    if (target.hasAttribute("data-print")) {
      window.print();
      return;
    }
    event.preventDefault();
    if (target.hasAttribute("data-close")) {
      const dialog = target.closest("dialog");
      if (dialog?.open) dialog.close();
      else location.hash = "";
      return;
    }
    document.getElementById(target.dataset.dialog)?.showModal();
  });
})();
