// The page's own words in the writing of the person, as soon as it is known: Traditional for who asks in Traditional.
const ROOTS = ["title", ".skip", ".bar", ".topics", "#talk", "#talk > article:first-child", ".entry", "#status", "template"];
const NAMES = ["aria-label", "placeholder", "lang", "data-count", "data-other"];

/** Takes words from a tree of the same shape; what the person typed or opened stays. */
const take = (to, from, deep) => {
  if (to.nodeType !== from.nodeType) return;
  if (to.nodeType === Node.TEXT_NODE) {
    if (to.data !== from.data) to.data = from.data;
    return;
  }
  for (const name of NAMES) if (from.getAttribute?.(name)) to.setAttribute(name, from.getAttribute(name));
  if (to.content && from.content) take(to.content, from.content, true);
  if (!deep || to.childNodes.length !== from.childNodes.length) return;
  to.childNodes.forEach((node, i) => take(node, from.childNodes[i], true));
};

/** `lang` is what an answer was written in; the page is asked for anew when its labels are in the other writing. */
export const relabel = async (lang) => {
  if (!lang || lang === document.documentElement.lang) return;
  try {
    const response = await fetch("/");
    if (!response.ok) return;
    const other = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const root of ROOTS) {
      const there = other.querySelectorAll(root);
      document.querySelectorAll(root).forEach((node, i) => { if (there[i]) take(node, there[i], root !== "#talk"); });
    }
    document.documentElement.lang = other.documentElement.lang;
  } catch { /* offline: with the next answer */ }
};
