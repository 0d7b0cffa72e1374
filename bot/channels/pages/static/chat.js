// Makes the page's own forms answer in place; without this script they post and come back.
(() => {
  "use strict";
  const talk = document.getElementById("talk");
  const ask = document.getElementById("ask");
  const text = document.getElementById("text");
  let busy = false;

  const show = (node) => {
    node.classList.add("fresh");
    talk.append(node);
    return node;
  };
  const fromTemplate = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
  const mine = (words) => {
    const article = document.createElement("article");
    article.className = "said person";
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    const p = document.createElement("p");
    p.textContent = words;
    bubble.append(p);
    article.append(bubble);
    return article;
  };
  const grow = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
  };

  const say = async (form, button) => {
    const data = new FormData(form);
    if (button && button.name) data.set(button.name, button.value);
    const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    data.set("id", id);
    const words = button && button.name ? button.textContent.trim() : String(data.get("text")).trim();
    if (!words || busy) return;
    busy = true;
    const own = show(mine(words));
    const waiting = show(fromTemplate("typing"));
    waiting.scrollIntoView({ block: "end" });
    if (form === ask) { text.value = ""; grow(); }
    try {
      const response = await post(data);
      const holder = document.createElement("div");
      holder.innerHTML = await response.text();
      own.remove();
      waiting.remove();
      let first = null;
      for (const node of [...holder.children]) { show(node); first ||= node; }
      if (first) first.scrollIntoView({ block: "start" });
      if (form.classList.contains("feedback")) {
        for (const b of form.querySelectorAll("button")) { b.disabled = true; }
        button.setAttribute("aria-pressed", "true");
      }
    } catch {
      waiting.remove();
      show(fromTemplate("trouble")).scrollIntoView({ block: "end" });
      if (form === ask) { text.value = words; grow(); }
    } finally {
      busy = false;
      if (matchMedia("(pointer: fine)").matches) text.focus();
    }
  };

  // the same id is sent again, so that a question whose answer was lost is counted once
  const post = async (data, tries = 2) => {
    for (;;) {
      try {
        const response = await fetch("/say", {
          method: "POST", body: new URLSearchParams(data), headers: { "X-Fawen": "bubbles" },
        });
        if (!response.ok) throw new Error(String(response.status));
        return response;
      } catch (error) {
        if (tries-- <= 0) throw error;
        await new Promise((done) => setTimeout(done, 800));
      }
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-say]")) return;
    event.preventDefault();
    say(event.target, event.submitter);
  });
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      ask.requestSubmit();
    }
  });
  const last = talk.lastElementChild;
  if (talk.childElementCount > 1 && last) last.scrollIntoView({ block: "start" });
})();
