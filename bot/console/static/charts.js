"use strict";
// Draws the figures that the page carries as data; the tables below hold the same numbers.
document.querySelectorAll("[data-figure]").forEach(function (place) {
  const figure = JSON.parse(place.dataset.figure);
  const narrow = window.matchMedia("(max-width: 46rem)").matches;
  if (narrow) figure.layout.font = Object.assign({}, figure.layout.font, { size: 12 });
  window.Plotly.newPlot(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
});
