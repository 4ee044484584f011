// Before the first paint: the theme that this reader chose, and a mark that scripts run.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("has-script");
  try {
    var chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch (error) { /* storage is closed to us: the system's theme it is */ }
})();
