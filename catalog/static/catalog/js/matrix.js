// The matrix: arrow keys go from cell to cell, one button unfolds all sub-techniques. Everything works without it.
(function () {
  "use strict";
  var STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

  function links(column) {
    return Array.from(column.querySelectorAll("li > a")).filter(function (link) {
      var fold = link.parentElement.closest("details");
      return !fold || fold.open;
    });
  }

  function beside(link, columns, across) {
    var column = columns[columns.indexOf(link.closest("section")) + across];
    if (!column) return null;
    var height = link.getBoundingClientRect().top;
    return links(column).reduce(function (best, one) {
      var far = Math.abs(one.getBoundingClientRect().top - height);
      return !best || far < best.far ? { link: one, far: far } : best;
    }, null);
  }

  document.addEventListener("keydown", function (event) {
    var step = STEPS[event.key];
    var link = event.target.closest && event.target.closest(".matrix li > a");
    if (!step || !link || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    var next;
    if (step[0]) {
      var found = beside(link, Array.from(link.closest(".matrix").children), step[0]);
      next = found && found.link;
    } else {
      var here = links(link.closest("section"));
      next = here[here.indexOf(link) + step[1]];
    }
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  function folds() {
    return Array.from(document.querySelectorAll(".matrix details"));
  }

  function tell() {
    var button = document.querySelector(".unfold");
    if (!button) return;
    button.hidden = folds().length === 0;
    var open = folds().every(function (fold) { return fold.open; });
    button.textContent = (open ? "Fold" : "Unfold") + " all sub-techniques";
  }

  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest(".unfold")) return;
    var open = !folds().every(function (fold) { return fold.open; });
    folds().forEach(function (fold) { fold.open = open; });
    tell();
  });
  document.addEventListener("htmx:afterSettle", tell);
  tell();
})();
