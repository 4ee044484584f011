// Links of class "opens" in a table of class "opening" open their page's essence in a row below, and close it again.
// A table's data-part is what the essence's address has behind the link's own.
(function () {
  "use strict";

  var LINKS = ".opening a.opens";

  function announce(root) {
    root.querySelectorAll(LINKS).forEach(function (link) {
      if (!link.hasAttribute("aria-expanded")) link.setAttribute("aria-expanded", "false");
    });
  }

  function openRow(row) {
    var next = row.nextElementSibling;
    return next && next.matches(".opened") ? next : null;
  }

  function close(row) {
    var opened = openRow(row);
    if (opened) opened.remove();
    row.querySelectorAll('a[aria-expanded="true"]').forEach(function (link) {
      link.setAttribute("aria-expanded", "false");
    });
  }

  function place(row) {
    var opened = openRow(row);
    if (!opened) {
      opened = document.createElement("tr");
      opened.className = "opened";
      opened.appendChild(document.createElement("td")).colSpan = row.cells.length;
      row.after(opened);
    }
    return opened.cells[0];
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a");
    if (!link) return;
    // A click that asks for a new tab or window is the browser's.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) {
      if (link.hasAttribute("hx-get")) event.stopPropagation();
      return;
    }
    if (!link.matches(LINKS)) return;
    event.preventDefault();
    var row = link.closest("tr"), part = link.closest(".opening").dataset.part || "";
    if (link.getAttribute("aria-expanded") === "true") return close(row);
    htmx.ajax("GET", link.getAttribute("href") + part, {source: link, target: place(row), swap: "innerHTML"});
  }, true);

  document.addEventListener("htmx:afterSwap", function (event) {
    var link = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (!link || !link.matches(LINKS)) return;
    link.closest("tr").querySelectorAll("a[aria-expanded]").forEach(function (other) {
      other.setAttribute("aria-expanded", other === link ? "true" : "false");
    });
  });

  document.addEventListener("htmx:load", function (event) { announce(event.detail.elt); });
  announce(document);

  // Whatever went wrong, the full page says it best.
  function leave(event) {
    if (event.target.matches("a[hx-get], " + LINKS)) location.assign(event.target.href);
  }
  document.addEventListener("htmx:responseError", leave);
  document.addEventListener("htmx:sendError", leave);
})();
