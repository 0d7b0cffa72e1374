// A person's answer that arrives while the page is open: asked for every half minute, while a ticket is on the page.
const EVERY = 30_000;

/** `bubbles(html)` gives nodes, `show(node)` puts one into the talk, which screen readers hear (role=log); `visit` is its name
    where the browser keeps no cookies, as in a frame of another site. */
export const watch = (talk, bubbles, show, visit) => {
  let asking = false;
  const look = async () => {
    if (asking || document.hidden || !talk.querySelector(".ticket")) return;
    asking = true;
    try {
      const response = await fetch("/late", { headers: { "X-Fawen-Visit": visit } });
      if (response.status !== 200) return;
      const known = new Set([...talk.querySelectorAll("[data-late]")].map((node) => node.dataset.late));
      for (const node of bubbles(await response.text())) {
        if (!known.has(node.dataset.late)) show(node).scrollIntoView({ block: "start" });
      }
    } catch { /* offline: the next time */ } finally {
      asking = false;
    }
  };
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
};
