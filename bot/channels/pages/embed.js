// A button that opens the chat in a frame. <script src="https://…/embed.js" defer></script>
(() => {
  "use strict";
  const script = document.currentScript;
  const home = new URL("/", script.src).href;
  // elsewhere the browser refuses the frame (frame-ancestors): no button that opens nothing
  if (!{{ origins|tojson }}.includes(location.origin)) {
    console.warn(`${home}embed.js: web.embed_origins does not have ${location.origin}`);
    return;
  }
  const open = script.dataset.label || {{ say('page_embed_open')|tojson }};
  const close = {{ say('page_embed_close')|tojson }};
  const style = (node, rules) => { Object.assign(node.style, rules); return node; };
  const narrow = matchMedia("(max-width: 520px)");
  let frame = null;

  // set through the CSSOM, which a Content-Security-Policy of the including page allows
  const button = style(document.createElement("button"), {
    position: "fixed", inset: "auto 16px 16px auto", zIndex: "2147483000", minHeight: "60px", padding: "0 22px",
    border: "0", borderRadius: "30px", background: "#067A3E", color: "#FFFFFF", font: "600 18px/1.3 sans-serif",
    boxShadow: "0 2px 10px rgba(0, 0, 0, .3)", cursor: "pointer",
  });
  button.type = "button";
  button.id = "fawen-button";
  button.textContent = open;
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", "fawen-frame");

  // on a phone the chat fills the screen, and the button is a bar below it
  const place = () => {
    const full = narrow.matches && frame.style.display === "block";
    style(frame, narrow.matches
      ? { inset: "0 0 60px 0", width: "100%", height: "calc(100% - 60px)", borderRadius: "0", border: "0" }
      : {
        inset: "auto 16px 92px auto", width: "400px", height: "min(680px, calc(100% - 120px))", borderRadius: "12px",
        border: "1px solid #8A8A8A",
      });
    style(button, full
      ? { inset: "auto 0 0 0", width: "100%", borderRadius: "0" }
      : { inset: "auto 16px 16px auto", width: "auto", borderRadius: "30px" });
  };
  const make = () => {
    frame = style(document.createElement("iframe"), {
      position: "fixed", zIndex: "2147483000", background: "#EDEDED", display: "none",
    });
    frame.id = "fawen-frame";
    frame.title = open;
    frame.src = home;
    frame.allow = `clipboard-write ${new URL(home).origin}; web-share ${new URL(home).origin}`;
    narrow.addEventListener("change", place);
    button.before(frame);
  };
  const show = (shown) => {
    if (!frame) make();
    frame.style.display = shown ? "block" : "none";
    place();
    button.textContent = shown ? close : open;
    button.setAttribute("aria-expanded", String(shown));
    (shown ? frame : button).focus();
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && frame) show(false); });
  const begin = () => document.body.append(button);
  if (document.body) begin(); else document.addEventListener("DOMContentLoaded", begin);
})();
