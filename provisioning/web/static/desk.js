// A desk that nobody touches: it warns, it covers the page, and it opens again where the officer was.
"use strict";

(() => {
  const channel = new BroadcastChannel("passage-desk"); // the other tabs of this browser
  if (document.querySelector("[data-desk-left]")) channel.postMessage({ word: "here", desk: "" });
  const lock = document.getElementById("desk-lock");
  if (!lock) return;
  const warning = document.getElementById("desk-warning");
  const password = document.getElementById("desk-password");
  const problem = lock.querySelector("[data-problem]");
  const afterMs = Number(lock.dataset.after) * 1000;
  const warningMs = Number(lock.dataset.warning) * 1000;
  const tellEveryMs = Math.min(10_000, afterMs / 4);
  const title = document.title;
  const tellOthers = (word, more) => channel.postMessage({ word, desk: lock.dataset.csrf, ...more });
  let touchedAt = Date.now();
  let toldAt = touchedAt;
  let locked = false;

  function post(url, fields) {
    const body = new URLSearchParams(fields);
    const headers = { Accept: "application/json", "X-CSRF-Token": lock.dataset.csrf };
    return fetch(url, { method: "POST", headers, body, cache: "no-store" });
  }

  // --- covering and uncovering ---

  function cover() {
    if (locked) return;
    locked = true;
    document.documentElement.classList.add("is-locked");
    document.title = lock.dataset.title;
    warning.hidden = true;
    say("");
    lock.showModal();
    password.focus();
  }

  function uncover() {
    locked = false;
    touchedAt = toldAt = Date.now();
    password.value = "";
    lock.close();
    document.documentElement.classList.remove("is-locked");
    document.title = title;
  }

  function say(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  // Escape closes a dialog in spite of everything; this one comes back.
  lock.addEventListener("cancel", (event) => event.preventDefault());
  lock.addEventListener("close", () => { if (locked) lock.showModal(); });

  async function unlock(fields) {
    const reply = await post(document.getElementById("desk-unlock").getAttribute("action"), fields).catch(() => null);
    password.value = "";
    if (reply?.status === 204) {
      uncover();
      tellOthers("unlocked");
    } else if (reply?.status === 409 && reply.headers.get("Content-Type") === "application/json") {
      const said = await reply.json();
      say([said.text, said.contact].filter(Boolean).join(" "));
      password.focus();
    } else {
      say(reply && reply.status < 500 ? problem.dataset.over : problem.dataset.away);
    }
  }
  window.addEventListener("submit", (event) => {
    if (event.target.id !== "desk-unlock") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (password.value) unlock({ password: password.value });
  }, true);
  document.addEventListener("desk:key", (event) => unlock({ key: event.detail }));
  document.addEventListener("desk:locked", cover);

  // --- what counts as touching ---

  function touched(event) {
    if (!event.isTrusted || locked) return;
    const now = Date.now();
    if (now - touchedAt > 1000) tellOthers("touched", { at: now });
    touchedAt = now;
    warning.hidden = true;
  }
  for (const name of ["pointerdown", "keydown", "wheel", "input"]) {
    document.addEventListener(name, touched, { capture: true, passive: true });
  }

  async function tell() {
    toldAt = Date.now();
    const reply = await post(lock.dataset.seen, { ago_ms: Math.max(0, toldAt - touchedAt) }).catch(() => null);
    if (reply?.status === 401) cover();
  }

  function lockNow() {
    cover();
    tellOthers("locked");
    post(lock.dataset.lock, {}).catch(() => null);
  }

  function look() {
    if (locked) return;
    const now = Date.now();
    const leftMs = afterMs - (now - touchedAt);
    if (leftMs <= 0) {
      lockNow();
      return;
    }
    warning.hidden = leftMs > warningMs;
    warning.querySelector("[data-left]").textContent = String(Math.ceil(leftMs / 1000));
    if (touchedAt > toldAt && now - toldAt >= tellEveryMs) tell();
  }

  // Whoever signs in here next finds no page of the officer before.
  channel.addEventListener("message", ({ data }) => {
    if (data.desk !== lock.dataset.csrf) location.reload();
    else if (data.word === "touched") touchedAt = Math.max(touchedAt, data.at);
    else if (data.word === "locked") cover();
    else if (locked) uncover(); // "here", "unlocked": the desk is open
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-lock-now]")) lockNow(); });
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", look);
  document.addEventListener("htmx:beforeRequest", (event) => { if (locked) event.preventDefault(); });
  setInterval(look, 500);
  tellOthers("here");
  if ("shown" in lock.dataset) cover();
})();
