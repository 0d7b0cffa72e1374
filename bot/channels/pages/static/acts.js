// 朗读, 复制, 分享 below each answer; only what this browser can do is shown.
const speech = "speechSynthesis" in window && "SpeechSynthesisUtterance" in window;

const words = (article) => {
  const parts = [...article.querySelectorAll(".words, .emergency, .ticket, .sources")];
  return parts.map((part) => (part.matches("details") ? part.querySelector("summary") : part).innerText.trim()).join("\n");
};

/** Buttons that say what they did: their own label, and the timer that gives it back. */
const flashing = new WeakMap();

const flash = (button) => {
  const { label = button.textContent, timer = 0 } = flashing.get(button) ?? {};
  clearTimeout(timer);
  button.textContent = button.dataset.other;
  document.getElementById("status").textContent = button.dataset.other;
  const back = () => { button.textContent = label; flashing.delete(button); };
  flashing.set(button, { label, timer: setTimeout(back, 2000) });
};

const copy = async (said) => {
  try {
    await navigator.clipboard.writeText(said);
  } catch {
    // without HTTPS, and in older browsers
    const area = document.createElement("textarea");
    area.value = said;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
};

const read = (button, article) => {
  const own = button.getAttribute("aria-pressed") === "true";
  speechSynthesis.cancel();
  if (own) return;
  const said = new SpeechSynthesisUtterance(words(article));
  said.lang = article.lang || document.documentElement.lang;
  const before = button.textContent;
  button.textContent = button.dataset.other;
  button.setAttribute("aria-pressed", "true");
  said.onend = said.onerror = () => {
    button.textContent = before;
    button.setAttribute("aria-pressed", "false");
  };
  speechSynthesis.speak(said);
};

const share = async (button, article) => {
  const said = words(article);
  if (navigator.share) {
    try {
      await navigator.share({ title: document.title, text: said });
    } catch { /* the person closed the sheet */ }
    return;
  }
  await copy(`${said}\n${location.origin}/`);
  flash(button);
};

/** Adds the row to what is worth keeping (an answer, a ticket, an emergency); to nothing else. */
export const dress = (article) => {
  const after = article.querySelector(".after");
  if (!after || after.querySelector(".acts")) return;
  const row = document.getElementById("acts").content.firstElementChild.cloneNode(true);
  if (!speech) row.querySelector('[data-act="read"]').remove();
  row.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.act === "read") read(button, article);
    else if (button.dataset.act === "share") await share(button, article);
    else { await copy(words(article)); flash(button); }
  });
  after.prepend(row);
};
