"use strict";
// Everything here is a convenience: each page works without it.
(function () {
  const rows = Array.from(document.querySelectorAll("[data-rows] .row"));
  let current = -1;
  function move(step) {
    if (!rows.length) return;
    if (current >= 0) rows[current].classList.remove("current");
    current = Math.max(0, Math.min(rows.length - 1, current + step));
    rows[current].classList.add("current");
    rows[current].querySelector(".open").focus({ preventScroll: true });
    rows[current].scrollIntoView({ block: "nearest" });
  }
  function typing(target) {
    return target.closest("input, textarea, select, [contenteditable]");
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const answer = document.getElementById("answer");
    const search = document.getElementById("search");
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "a" && answer) {
      const folded = answer.closest("details");
      if (folded) folded.open = true;
      answer.focus();
    } else if (event.key === "/" && search) search.focus();
    else return;
    event.preventDefault();
  });

  // an answer half written survives an expired session or a closed tab, in this tab only
  document.querySelectorAll("textarea[data-keep]").forEach(function (area) {
    const key = "fawen-answer-" + area.dataset.keep;
    const kept = sessionStorage.getItem(key);
    if (kept && !area.value) area.value = kept;
    area.addEventListener("input", function () { sessionStorage.setItem(key, area.value); });
    area.form.addEventListener("submit", function (event) {
      if (!event.submitter || event.submitter.name !== "preview") sessionStorage.removeItem(key);
    });
  });

  // a check that runs: look again until it is done
  const running = document.querySelector("[data-refresh]");
  if (running) setTimeout(function () { location.replace(location.pathname); }, 1000 * Number(running.dataset.refresh));

  // live numbers; without them a reload shows the same
  const news = document.getElementById("news");
  if (!document.querySelector("[data-count]") || !window.EventSource) return;
  let first = null;
  const source = new EventSource("/console/live");
  source.addEventListener("numbers", function (event) {
    const numbers = JSON.parse(event.data);
    document.querySelectorAll("[data-count]").forEach(function (place) {
      const value = numbers[place.dataset.count] || 0;
      place.textContent = String(value);
      if (place.classList.contains("count")) place.hidden = value === 0;
    });
    if (news && first !== null && numbers.fresh > first) news.hidden = false;
    first = numbers.fresh;
  });
  window.addEventListener("pagehide", function () { source.close(); });
})();
