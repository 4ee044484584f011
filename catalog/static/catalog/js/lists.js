// Lists that change in place: what was unfolded stays so, the focus is not lost, and the new count is said.
// Parents that unfold their sub-techniques.
(function () {
  "use strict";
  var unfolded = [];

  function isList(place) {
    return place && place.classList && place.classList.contains("list");
  }

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!isList(event.detail.target)) return;
    unfolded = Array.from(event.detail.target.querySelectorAll("details[id][open]"), function (part) { return part.id; });
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    var list = document.querySelector(".list");
    if (!list || !(isList(event.detail.target) || isList(event.detail.elt))) return;
    unfolded.forEach(function (id) {
      var part = document.getElementById(id);
      if (part) part.open = true;
    });
    unfolded = [];
    var told = document.getElementById("list-told");
    if (told) told.textContent = list.dataset.told || "";
    // What had the focus is gone (a filter that was taken off): go on at the count.
    var count = document.getElementById("list-count");
    if (count && (document.activeElement === document.body || !document.activeElement)) count.focus({ preventScroll: true });
  });

  // A parent's link unfolds its sub-techniques below it, and folds them again; without scripts it leads to them.
  function below(link) {
    return link.closest("tbody").querySelectorAll("tr.sub");
  }

  function tellFolds() {
    document.querySelectorAll("a.unfolds").forEach(function (link) {
      var rows = below(link);
      link.setAttribute("aria-expanded", rows.length > 0 && !rows[0].hidden);
    });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a.unfolds");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    var family = link.closest("tbody"), rows = Array.from(below(link));
    if (!rows.length) {
      htmx.ajax("GET", link.href, { source: link, target: family, swap: "beforeend", select: "#" + family.id + " > .sub" });
      return;
    }
    rows.forEach(function (row) { row.hidden = !row.hidden; });
    tellFolds();
  });
  document.addEventListener("htmx:afterSettle", tellFolds);
  tellFolds();

  // Whatever went wrong, the full page says it best.
  function leave(event) {
    var unfolding = event.detail.elt && event.detail.elt.matches("a.unfolds");
    if ((isList(event.detail.target) || unfolding) && event.detail.pathInfo) location.assign(event.detail.pathInfo.finalRequestPath || event.detail.pathInfo.requestPath);
  }
  document.addEventListener("htmx:responseError", leave);
  document.addEventListener("htmx:sendError", leave);
})();
