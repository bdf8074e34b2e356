// Security keys: asks the browser for what the server wants signed, and sends the answer with the form it belongs to.
"use strict";

(() => {
  const token = () => document.querySelector("[name=csrf_token]").value;

  async function ask(url, isNew) {
    const reply = await fetch(url, { method: "POST", headers: { "X-CSRF-Token": token() } });
    if (!reply.ok) throw new Error(`question: ${reply.status}`);
    const wanted = await reply.json();
    const publicKey = isNew
      ? PublicKeyCredential.parseCreationOptionsFromJSON(wanted)
      : PublicKeyCredential.parseRequestOptionsFromJSON(wanted);
    const answer = await (isNew ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
    return JSON.stringify(answer.toJSON());
  }

  function say(box, word) {
    const line = box.querySelector("[data-key-say]");
    if (!line) return;
    line.textContent = word ? line.dataset[word] : "";
    line.hidden = !word;
  }

  async function answered(box, url, isNew) {
    say(box, "touch");
    try {
      const answer = await ask(url, isNew);
      say(box, "");
      return answer;
    } catch {
      say(box, "failed");
      return null;
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-key]");
    if (!button) return;
    const answer = await answered(button.closest("[data-key-box]"), button.dataset.key, false);
    if (answer === null) return;
    if (button.hasAttribute("data-key-unlock")) {
      document.dispatchEvent(new CustomEvent("desk:key", { detail: answer }));
      return;
    }
    const form = document.getElementById(button.dataset.keyForm);
    form.elements[button.dataset.keyField].value = answer;
    form.noValidate = true;
    form.requestSubmit();
  });

  // A form that makes a new key: the key is asked first, then the form goes its way.
  window.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.keyNew || form.elements.key.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const answer = await answered(form, form.dataset.keyNew, true);
    if (answer === null) return;
    form.elements.key.value = answer;
    form.requestSubmit();
  }, true);
})();
