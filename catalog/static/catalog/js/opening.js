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

  function tell(place, opener) {
    document.querySelectorAll('a[data-opens="' + place.id + '"]').forEach(function (link) {
      if (link.hasAttribute("aria-expanded") || link === opener) {
        link.setAttribute("aria-expanded", link === opener ? "true" : "false");
      }
    });
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    var link = event.target;
    if (!link.matches("a[data-opens]")) return;
    var place = target(link);
    if (place && place.childElementCount && link.getAttribute("aria-expanded") === "true") {
      event.preventDefault();
      place.replaceChildren();
      tell(place, null);
    }
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    var link = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (link && link.matches("a[data-opens]")) tell(target(link), link);
  });

  // Whatever went wrong, the full page says it best.
  document.addEventListener("htmx:responseError", function (event) {
    if (event.target.matches("a[hx-get]")) location.assign(event.target.href);
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (event.target.matches("a[hx-get]")) location.assign(event.target.href);
  });
})();
