// Makes the page's own forms answer in place; without this script they post and come back.
import { dress } from "./acts.js";
import { watch } from "./late.js";
import { relabel } from "./relabel.js";
import { suggest } from "./suggest.js";

const talk = document.getElementById("talk");
const ask = document.getElementById("ask");
const text = document.getElementById("text");
let busy = false;

const show = (node) => {
  node.classList.add("fresh");
  dress(node);
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

/** Replies that ask to send it again, at once or in fewer words. */
const AGAIN = ["busy", "outage", "too_fast", "too_long"];

/** What was typed comes back, but never over what was typed meanwhile. */
const giveBack = (data, words) => {
  if (data.has("text") && !text.value.trim()) { text.value = words; grow(); }
};

/** Where reading begins: at the person's words, or at the answer where those would fill the screen. */
const beginning = (nodes) => nodes.find((node) => !node.matches(".person") || node.offsetHeight < innerHeight / 3) ?? nodes[0];

/** After 确认删除 nothing of before stays to be read by who uses the machine next. */
const clear = (kept) => {
  for (const old of [...talk.children].slice(1)) if (!kept.includes(old)) old.remove();
};

/** Nodes of bubbles as the server sends them, already escaped there. */
const bubbles = (html) => [...new DOMParser().parseFromString(html, "text/html").body.children];

/** Posts one form's fields and shows the answer; `words` is what the person's own bubble says meanwhile. False while another
    answer is on its way, and for no words: what was typed or opened then has to stay. */
const say = (data, words, form = null, button = null) => {
  if (!words || busy) return false;
  busy = true;
  answer(data, words, form, button);
  return true;
};

const answer = async (data, words, form, button) => {
  suggestions.close();
  data.set("id", crypto.getRandomValues(new Uint32Array(4)).join("-"));
  const own = show(mine(words));
  const waiting = show(fromTemplate("typing"));
  waiting.scrollIntoView({ block: "end" });
  if (data.has("text")) { text.value = ""; grow(); }
  try {
    const nodes = bubbles(await post(data));
    own.remove();
    waiting.remove();
    nodes.forEach(show);
    const keys = nodes.map((node) => node.dataset.key);
    if (keys.includes("forget_done")) clear(nodes);
    if (keys.some((key) => AGAIN.includes(key))) giveBack(data, words);
    beginning(nodes)?.scrollIntoView({ block: "start" });
    if (form && form.classList.contains("feedback")) {
      for (const b of form.querySelectorAll("button")) b.disabled = true;
      button.setAttribute("aria-pressed", "true");
    }
  } catch (error) {
    waiting.remove();
    show(fromTemplate(error.status ? "failed" : "trouble")).scrollIntoView({ block: "end" });
    giveBack(data, words);
  } finally {
    busy = false;
    if (matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });
  }
};

// the same id is sent again, so that a question whose answer was lost is counted once
const post = async (data, tries = 2) => {
  for (;;) {
    try {
      const response = await fetch("/say", {
        method: "POST", body: new URLSearchParams(data), headers: { "X-Fawen": "bubbles" },
      });
      if (!response.ok) throw Object.assign(new Error(), { status: response.status });
      const html = await response.text();
      await relabel(response.headers.get("Content-Language"));
      return html;
    } catch (error) {
      if (tries-- <= 0 || (error.status && error.status < 500)) throw error;
      await new Promise((done) => setTimeout(done, 800));
    }
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-say]")) return;
  event.preventDefault();
  const data = new FormData(form);
  const button = event.submitter;
  if (button && button.name) data.set(button.name, button.value);
  const typed = String(data.get("text") || data.get("ticket") || "").trim();
  if (!say(data, button && button.name ? button.textContent.trim() : typed, form, button)) return;
  form.closest("details.lookup")?.removeAttribute("open");
  if (form.closest(".lookup")) form.reset();
});
text.addEventListener("input", grow);

const suggestions = suggest(text, (id, title) => {
  const data = new FormData();
  data.set("choice", id);
  data.set("visit", ask.elements.visit.value);
  if (!say(data, title)) return;
  text.value = "";
  grow();
});
text.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    ask.requestSubmit();
  }
});

const lookup = document.querySelector("details.lookup");
lookup.addEventListener("toggle", () => { if (lookup.open) document.getElementById("ticket").focus(); });
lookup.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  lookup.open = false;
  lookup.querySelector("summary").focus();
});
document.addEventListener("click", (event) => { if (!lookup.contains(event.target)) lookup.open = false; });

for (const node of talk.children) dress(node);
watch(talk, bubbles, show, ask.elements.visit.value);
const last = talk.lastElementChild;
if (talk.childElementCount > 1 && last) last.scrollIntoView({ block: "start" });
