// The two pads of a kiosk: three pictures, and digits. Nothing is kept: what was touched lives in the form.
"use strict";

(() => {
  // Three pictures, in order and different; the third one sends. Who had the page read aloud hears how many, never which.
  for (const form of document.querySelectorAll("form[data-pictures]")) {
    const entry = form.querySelector("[data-entry]");
    const slots = [...form.querySelectorAll("[data-slot]")];
    const done = form.querySelector("[data-done]");
    const erase = form.querySelector("[data-erase]");
    const shown = form.querySelector("[data-shown]") !== null;
    const counted = form.querySelector("[data-counted]").dataset.counted.split(" ");
    const chosen = [];
    let isHeard = false;
    form.querySelector("[data-speak-play]")?.addEventListener("click", () => { isHeard = true; });
    const show = () => {
      entry.value = chosen.map((one) => one.dataset.number).join("-");
      slots.forEach((slot, place) => {
        slot.classList.toggle("slot--full", place < chosen.length);
        if (shown) slot.replaceChildren(...(chosen[place] ? [chosen[place].querySelector("svg").cloneNode(true)] : []));
      });
      erase.disabled = chosen.length === 0;
      if (done) done.disabled = chosen.length < slots.length;
    };
    form.addEventListener("click", (event) => {
      const picture = event.target.closest("[data-number]");
      if (event.target.closest("[data-erase]")) chosen.pop();
      else if (!picture || chosen.includes(picture) || chosen.length === slots.length) return;
      else {
        chosen.push(picture);
        if (isHeard && counted[chosen.length - 1]) {
          document.querySelectorAll("audio").forEach((voice) => voice.pause());
          new Audio(counted[chosen.length - 1]).play().catch(() => undefined);
        }
      }
      show();
      if (picture && !done && chosen.length === slots.length) form.requestSubmit();
    });
    show();
  }

  for (const pad of document.querySelectorAll("[data-keypad]")) {
    const entry = pad.querySelector("input");
    entry.readOnly = true; // digits come from the keys below and from a keyboard, never from a system keyboard
    const done = pad.querySelector("[data-done]");
    const show = (value) => {
      entry.value = value;
      done.disabled = value.length < entry.minLength;
    };
    const type = (digit) => {
      if (entry.value.length < entry.maxLength) show(entry.value + digit);
    };
    const erase = () => show(entry.value.slice(0, -1));
    show("");
    pad.addEventListener("click", (event) => {
      const key = event.target.closest("[data-digit], [data-erase]");
      if (!key) return;
      if (key.hasAttribute("data-erase")) erase();
      else type(key.dataset.digit);
    });
    document.addEventListener("keydown", (event) => {
      if (/^[0-9]$/.test(event.key)) type(event.key);
      else if (event.key === "Backspace") erase();
      else if (event.key === "Enter" && event.target === document.body && !done.disabled) entry.form?.requestSubmit();
    });
  }
})();
