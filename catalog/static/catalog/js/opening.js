// Links marked data-opens open their page's essence in place (htmx fetches it), and close it again.
(function () {
  "use strict";

  function target(link) {
    return document.getElementById(link.dataset.opens);
  }

  // A click that asks for a new tab or window is the browser's, not htmx's.
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[hx-get]");
    if (link && (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)) event.stopPropagation();
  }, true);

  document.addEventListener("htmx:beforeRequest", function (event) {
    var link = event.target;
    if (!link.matches("a[data-opens]")) return;
    var place = target(link);
    if (place && place.childElementCount) {
      event.preventDefault();
      place.replaceChildren();
      link.setAttribute("aria-expanded", "false");
    }
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    var link = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (link && link.matches("a[data-opens]")) link.setAttribute("aria-expanded", "true");
  });

  // Whatever went wrong, the full page says it best.
  document.addEventListener("htmx:responseError", function (event) {
    if (event.target.matches("a[hx-get]")) location.assign(event.target.href);
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (event.target.matches("a[hx-get]")) location.assign(event.target.href);
  });
})();
