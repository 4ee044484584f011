// Keys for those who type: / and Ctrl-K open the palette, j and k go from row to row, ? tells of them.
// Never while somebody writes, chooses or has a dialog open; single keys can be switched off in the dialog that ? opens.
(function () {
  "use strict";
  var ROWS = "main tbody > tr, main .changes > li, main .hits > li";
  var OFF = "single-keys-off";
  var KEYS = [
    ["/", "Search and go to a technique, field, value, rule or page", palette],
    ["j", "To the next row", function () { go(1); }],
    ["k", "To the row before", function () { go(-1); }],
    ["?", "These keys", help],
  ];
  var OTHERS = [["Ctrl K", "Search and go, also while writing"], ["Enter", "Open what is chosen"], ["Esc", "Close"]];
  var dialog;

  function off() {
    try { return localStorage.getItem(OFF) === "yes"; } catch (error) { return false; /* storage is closed to us */ }
  }

  function palette() {
    document.dispatchEvent(new CustomEvent("palette:open"));
  }

  // What a row is about: the link that opens it, or else its first one.
  function linkOf(row) {
    return row.querySelector("a.opens") || row.querySelector("a[href]");
  }

  // The link of each row that is to be seen, in the order of the page; what is opened below a row is part of it.
  function links() {
    return Array.from(document.querySelectorAll(ROWS)).filter(function (row) {
      return row.checkVisibility() && !row.closest(".opened");
    }).map(linkOf).filter(Boolean);
  }

  function go(step) {
    var all = links(), here = document.activeElement, next;
    var inRow = here && here.closest(ROWS);
    if (inRow) {
      var row = inRow.closest(".opened") ? inRow.closest(".opened").previousElementSibling : inRow;
      next = all[all.indexOf(linkOf(row)) + step];
    } else {
      // From what is on the screen, not from the top of a page that is scrolled down.
      next = all.find(function (link) { return link.getBoundingClientRect().top > 0; });
    }
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function make(tag, text, parent) {
    var made = document.createElement(tag);
    made.textContent = text;
    parent.append(made);
    return made;
  }

  function help() {
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.className = "keys";
      dialog.setAttribute("aria-labelledby", "keys-title");
      make("h2", "Keys", dialog).id = "keys-title";
      var list = make("dl", "", dialog);
      KEYS.concat(OTHERS).forEach(function (key) {
        var line = make("div", "", list);
        var names = make("dt", "", line);
        key[0].split(" ").forEach(function (name) { make("kbd", name, names); });
        make("dd", key[1], line);
      });
      var label = make("label", "", dialog);
      var box = make("input", "", label);
      box.type = "checkbox";
      box.checked = !off();
      label.append(" Single keys do this");
      box.addEventListener("change", function () {
        try { localStorage.setItem(OFF, box.checked ? "no" : "yes"); } catch (error) { /* not remembered, then */ }
      });
      var close = make("button", "Close", dialog);
      close.autofocus = true;
      close.addEventListener("click", function () { dialog.close(); });
      dialog.addEventListener("click", function (event) { if (event.target === dialog) dialog.close(); });
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  }

  function writes(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return palette();
    }
    if (event.ctrlKey || event.metaKey || off() || writes(event.target)) return;
    KEYS.forEach(function (key) {
      if (event.key !== key[0]) return;
      event.preventDefault();
      key[2]();
    });
  });

  var button = document.querySelector(".keys-button");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
})();
