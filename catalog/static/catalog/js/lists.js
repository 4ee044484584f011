// Lists that change in place: what was unfolded stays so, the focus is not lost, and the new count is said.
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

  // Whatever went wrong, the full page says it best.
  function leave(event) {
    if (isList(event.detail.target) && event.detail.pathInfo) location.assign(event.detail.pathInfo.finalRequestPath || event.detail.pathInfo.requestPath);
  }
  document.addEventListener("htmx:responseError", leave);
  document.addEventListener("htmx:sendError", leave);
})();
