// 联想: standard questions under what is being typed, as an ARIA listbox steered from the text field.
const WAIT = 180;

/** `choose(id, title)` is called for the one that was taken and closes the list if it can be sent; gives `close`. */
export const suggest = (text, choose) => {
  const panel = document.getElementById("suggestions");
  const list = document.getElementById("list");
  const status = document.getElementById("status");
  let timer = 0;
  let asked = 0;
  let at = -1;

  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", "list");
  text.setAttribute("aria-haspopup", "listbox");

  const mark = (next) => {
    at = next;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) text.setAttribute("aria-activedescendant", list.children[at].id);
    else text.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    clearTimeout(timer);
    asked += 1;
    panel.hidden = true;
    list.replaceChildren();
    mark(-1);
  };
  const take = (item) => {
    const { id, title } = item.dataset;
    choose(id, title);
  };
  const open = (found) => {
    const row = Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--tap")) || 48;
    // never more rows than leave the conversation in sight, with the keyboard of a phone open too
    const most = Math.max(2, Math.floor(((window.visualViewport?.height ?? innerHeight) * 0.5) / row));
    list.replaceChildren(...found.slice(0, most).map(({ id, title }, i) => {
      const item = document.createElement("li");
      item.id = `suggestion-${i}`;
      item.setAttribute("role", "option");
      item.dataset.id = id;
      item.dataset.title = title;
      item.textContent = title;
      // before the field loses the focus
      item.addEventListener("mousedown", (event) => event.preventDefault());
      item.addEventListener("click", () => take(item));
      return item;
    }));
    panel.hidden = list.childElementCount === 0;
    mark(-1);
    if (!panel.hidden) status.textContent = status.dataset.count.replace("#", String(list.childElementCount));
  };
  const look = async () => {
    const typed = text.value.trim();
    const mine = ++asked;
    // what may be a telephone or identity number never goes into an address
    if (typed.length < 2 || typed.length > 30 || /\d{5}/.test(typed)) { close(); return; }
    try {
      const response = await fetch(`/api/suggest?q=${encodeURIComponent(typed)}`);
      const found = response.ok ? (await response.json()).suggestions : [];
      if (mine === asked && document.activeElement === text) open(found);
    } catch {
      if (mine === asked) close();
    }
  };

  const later = (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(look, WAIT);
  };
  text.addEventListener("input", later);
  text.addEventListener("compositionend", () => { clearTimeout(timer); timer = setTimeout(look, WAIT); });
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (panel.hidden || event.isComposing) return;
    const count = list.childElementCount;
    if (event.key === "ArrowDown") mark((at + 1) % count);
    else if (event.key === "ArrowUp") mark(at <= 0 ? count - 1 : at - 1);
    else if (event.key === "Enter" && at >= 0) take(list.children[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  return { close };
};
