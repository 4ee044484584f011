// The theme switch, and filters that apply themselves.
(function () {
  "use strict";
  var root = document.documentElement;

  function inForce() {
    return root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  var button = document.querySelector(".theme-switch");
  if (button) {
    var tell = function () {
      button.setAttribute("aria-label", "Use the " + (inForce() === "dark" ? "light" : "dark") + " theme");
    };
    button.hidden = false;
    tell();
    button.addEventListener("click", function () {
      root.dataset.theme = inForce() === "dark" ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* not remembered, then */ }
      tell();
    });
  }

  // Addresses stay short: what is not chosen is not sent.
  document.addEventListener("htmx:configRequest", function (event) {
    if (!event.target.matches("form.filters, form.facets")) return;
    var given = event.detail.formData;
    Array.from(given.keys()).forEach(function (name) {
      var values = given.getAll(name).filter(function (value) { return value !== ""; });
      given.delete(name);
      values.forEach(function (value) { given.append(name, value); });
    });
  });

  // A refused filter (400) is a page with a message: show it in place as well.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var asking = event.detail.requestConfig.elt;
    if (event.detail.xhr.status === 400 && asking.matches("form.filters, form.facets")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
})();
