// Swagger UI has dark colours of its own, under a class: they follow the reader's choice, else the system.
(function () {
  "use strict";
  var root = document.documentElement;
  var system = matchMedia("(prefers-color-scheme: dark)");
  function follow() {
    root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  }
  system.addEventListener("change", follow);
  follow();
})();
