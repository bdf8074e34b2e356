// The kiosk's pulse (badge taken away, idle warning, connection) and the voice.
// GET data-pulse[?touched=1] -> {"epoch": "...", "idle_left_s": 12 | null, "offline": false}
// A new epoch means: this page belongs to nobody any more; go home at once.
"use strict";

(() => {
  const PULSE_MS = 700; // two missed pulses still blank the screen within two seconds
  const WARN_S = 15;
  const body = document.body;
  const idle = document.getElementById("idle");
  const lost = document.getElementById("lost");
  let touched = false;
  let misses = 0;

  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, () => { touched = true; }, { passive: true });
  }
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  document.addEventListener("dragstart", (event) => event.preventDefault());

  function showIdle(left) {
    const warn = left !== null && left !== undefined && left <= WARN_S;
    if (idle.hidden === warn) {
      idle.hidden = !warn;
      if (warn) idle.querySelector("button").focus();
    }
    if (warn) idle.querySelector("[data-idle-left]").textContent = String(Math.max(0, Math.ceil(left)));
  }

  // Reading aloud. Who listens is there: a voice that speaks keeps the screen open, and falls silent with it.
  const LEVELS = [0.15, 0.3, 0.5, 0.75, 1];
  const MIDDLE = 2;
  const voices = [...document.querySelectorAll("[data-speak]")];
  const isSpeaking = () => voices.some((voice) => !voice.querySelector("audio").paused);
  const hush = () => voices.forEach((voice) => voice.querySelector("audio").pause());
  function loudness() { // another visit begins in the middle again
    const [epoch, level] = (sessionStorage.getItem("loudness") ?? "").split(" ");
    return epoch === body.dataset.epoch ? Number(level) : MIDDLE;
  }
  for (const voice of voices) {
    const audio = voice.querySelector("audio");
    const play = voice.querySelector("[data-speak-play]");
    const stop = voice.querySelector("[data-speak-stop]");
    const steps = voice.querySelectorAll("[data-speak-volume]");
    const show = () => {
      const level = loudness();
      audio.volume = LEVELS[level];
      play.hidden = !audio.paused;
      stop.hidden = audio.paused;
      steps.forEach((step) => { step.disabled = LEVELS[level + Number(step.dataset.speakVolume)] === undefined; });
    };
    play.addEventListener("click", () => {
      hush();
      audio.load(); // always from the beginning
      audio.play().catch(() => { play.disabled = true; });
    });
    stop.addEventListener("click", () => audio.pause());
    steps.forEach((step) => step.addEventListener("click", () => {
      const level = Math.min(Math.max(loudness() + Number(step.dataset.speakVolume), 0), LEVELS.length - 1);
      sessionStorage.setItem("loudness", `${body.dataset.epoch} ${level}`);
      show();
    }));
    for (const name of ["play", "pause", "ended", "error", "emptied"]) audio.addEventListener(name, show);
    show();
  }
  window.addEventListener("pagehide", hush);

  async function pulse() {
    const wasTouched = touched || isSpeaking();
    touched = false;
    try {
      const address = body.dataset.pulse + (wasTouched ? "?touched=1" : "");
      const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(3000) });
      if (!response.ok) throw new Error(String(response.status));
      const news = await response.json();
      if (misses >= 3 || news.epoch !== body.dataset.epoch) {
        hush();
        body.replaceChildren();
        location.replace(body.dataset.home);
        return;
      }
      misses = 0;
      showIdle(news.idle_left_s);
    } catch {
      touched = touched || wasTouched;
      misses += 1;
      if (misses >= 3) lost.hidden = false;
    }
    setTimeout(pulse, PULSE_MS);
  }
  if (body.dataset.pulse) setTimeout(pulse, PULSE_MS);

  document.querySelector("[data-stay]")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    idle.hidden = true;
    touched = true;
    await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => undefined);
  });

  // What does not fit says so, and moves by two buttons: nobody needs to know that a screen can be pushed.
  const screen = document.querySelector("main.screen");
  const more = document.querySelector("[data-more]");
  function showMore() {
    const above = screen.scrollTop > 1;
    const below = screen.scrollTop + screen.clientHeight < screen.scrollHeight - 1;
    screen.classList.toggle("screen--above", above);
    screen.classList.toggle("screen--below", below);
    more.hidden = screen.scrollHeight <= screen.clientHeight + 1;
    more.querySelector("[data-scroll='-1']").disabled = !above;
    more.querySelector("[data-scroll='1']").disabled = !below;
  }
  if (screen && more) {
    more.addEventListener("click", (event) => {
      const way = event.target.closest("[data-scroll]")?.dataset.scroll;
      if (way) screen.scrollBy({ top: Number(way) * (screen.clientHeight - 96), behavior: "instant" });
    });
    screen.addEventListener("scroll", showMore, { passive: true });
    new ResizeObserver(showMore).observe(screen);
    for (const part of screen.children) new ResizeObserver(showMore).observe(part);
    showMore();
  }
})();
