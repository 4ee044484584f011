// Buttons of class "copy" put the text of the element that data-copies names into the clipboard, and say so.
(function () {
  "use strict";

  function reveal(root) {
    if (!navigator.clipboard) return;
    root.querySelectorAll("button.copy[hidden]").forEach(function (button) { button.hidden = false; });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button.copy");
    if (!button) return;
    navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent).then(
      function () { button.textContent = "Copied"; },
      function () { button.textContent = "Not allowed: select the text"; }
    );
  });

  document.addEventListener("htmx:load", function (event) { reveal(event.detail.elt); });
  reveal(document);
})();
