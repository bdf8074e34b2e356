// The second signature of a sensitive act, asked on the page where the act was begun.
"use strict";

(() => {
  const isLocked = () => document.documentElement.classList.contains("is-locked");

  async function send(form, submitter) {
    if (form.dataset.sent) return; // an impatient second press
    form.dataset.sent = "yes";
    submitter?.setAttribute("aria-busy", "true");
    const headers = { "X-Desk-Dialog": "1" };
    const body = new URLSearchParams(new FormData(form, submitter));
    const reply = await fetch(form.action, { method: "POST", headers, body, cache: "no-store" }).catch(() => null);
    delete form.dataset.sent;
    submitter?.removeAttribute("aria-busy");
    if (reply?.status === 204 && reply.headers.has("X-Desk-Go")) {
      location.assign(reply.headers.get("X-Desk-Go"));
    } else if (reply?.headers.has("X-Desk-Sign")) {
      ask(await reply.text());
    } else if (reply?.status === 401) {
      document.dispatchEvent(new CustomEvent("desk:locked"));
    } else {
      HTMLFormElement.prototype.submit.call(form); // the server's own page says what is wrong
    }
  }

  function ask(html) {
    document.getElementById("second-person")?.remove();
    document.body.insertAdjacentHTML("beforeend", html);
    const dialog = document.getElementById("second-person");
    if (isLocked()) return;
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  }

  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.querySelector("[data-sensitive]") && !form.closest("#second-person")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!isLocked()) send(form, event.submitter);
  }, true);
})();
