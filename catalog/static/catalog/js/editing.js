// The editor: line numbers with marks, jumping to a problem, words to choose from, and keeping what was typed.
(function () {
  "use strict";
  var form = document.getElementById("editor");
  if (!form) return;
  var text = form.elements.text;
  var gutter = form.querySelector(".gutter");
  var preview = document.getElementById("preview");

  // --- line numbers and marks ---
  function marks() {
    var found = {};
    preview.querySelectorAll("[data-line]").forEach(function (place) {
      var line = place.dataset.line;
      if (found[line] !== "error") found[line] = place.dataset.severity;
    });
    return found;
  }

  function number() {
    var count = text.value.split("\n").length;
    var marked = marks();
    var lines = document.createDocumentFragment();
    var plain = "";
    for (var line = 1; line <= count; line += 1) {
      if (!marked[line]) { plain += line + "\n"; continue; }
      lines.append(plain);
      plain = "\n";
      var mark = document.createElement("b");
      mark.className = marked[line];
      mark.textContent = line;
      lines.append(mark);
    }
    lines.append(plain);
    gutter.replaceChildren(lines);
    gutter.scrollTop = text.scrollTop;
  }

  text.addEventListener("scroll", function () { gutter.scrollTop = text.scrollTop; });
  text.addEventListener("input", number);
  gutter.hidden = false;

  // --- to the place of a problem ---
  function go(line, column) {
    var lines = text.value.split("\n");
    var start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    var whole = lines[line - 1] || "";
    var from = start + Math.min(Math.max(0, (column || 1) - 1), whole.length);
    text.focus({ preventScroll: true });
    text.setSelectionRange(from, Math.max(from, start + whole.length));
    var height = parseFloat(getComputedStyle(text).lineHeight);
    text.scrollTop = Math.max(0, (line - 5) * height);
    text.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    go(Number(link.dataset.line), Number(link.dataset.column));
  });

  // --- what a new preview tells the form ---
  function told() {
    var head = preview.querySelector("[data-said]");
    if (!head) return;
    document.getElementById("preview-said").textContent = head.dataset.said;
    ["title", "status", "level", "techniques", "platforms", "domains"].forEach(function (name) {
      form.elements[name].placeholder = head.getAttribute("data-says-" + name) || "the text says nothing";
    });
  }

  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target !== preview) return;
    number();
    told();
  });

  // A refused or signed-out preview is an answer too; one that never came leaves the old one, and says so.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.target === preview && event.detail.xhr.status < 500) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  function missed(event) {
    if (event.target === preview) {
      document.getElementById("preview-said").textContent = "The preview could not be fetched. What you typed stays.";
    }
  }
  document.addEventListener("htmx:responseError", missed);
  document.addEventListener("htmx:sendError", missed);

  // --- words to choose from ---
  form.querySelectorAll("[data-adds]").forEach(function (list) {
    var field = document.getElementById(list.dataset.adds);
    list.querySelectorAll("li").forEach(function (item) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "word";
      button.textContent = item.textContent;
      item.replaceChildren(button);
    });
    function words() {
      return field.value.split(",").map(function (word) { return word.trim(); }).filter(function (word) {
        return word && word.toLowerCase() !== "none";
      });
    }
    function show() {
      var chosen = words().map(function (word) { return word.toLowerCase(); });
      list.querySelectorAll("button").forEach(function (button) {
        button.setAttribute("aria-pressed", chosen.includes(button.textContent.toLowerCase()) ? "true" : "false");
      });
    }
    list.addEventListener("click", function (event) {
      var button = event.target.closest("button");
      if (!button) return;
      var word = button.textContent;
      var left = words().filter(function (one) { return one.toLowerCase() !== word.toLowerCase(); });
      if (left.length === words().length) left.push(word);
      field.value = left.join(", ");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    field.addEventListener("input", show);
    show();
  });

  // --- nothing that was typed is lost: it is kept in this tab until it is saved ---
  var KEPT = ["text", "title", "status", "level", "techniques", "platforms", "domains", "reason"];
  var key = "typed:" + location.pathname + location.search;
  var began = form.elements.version.value;

  function typed() {
    var values = {};
    KEPT.forEach(function (name) { values[name] = form.elements[name].value; });
    return values;
  }
  function keep(sent) {
    try {
      sessionStorage.setItem(key, JSON.stringify({ values: typed(), version: began, sent: sent, at: Date.now() }));
    } catch (error) { /* storage is full or closed: the page itself still has it */ }
  }
  function forget() {
    try { sessionStorage.removeItem(key); } catch (error) { /* nothing was kept, then */ }
  }
  function kept() {
    try { return JSON.parse(sessionStorage.getItem(key)); } catch (error) { return null; }
  }

  var timer = 0;
  var changed = false;
  form.addEventListener("input", function () {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(keep, 300, false);
  });
  form.addEventListener("submit", function () {
    clearTimeout(timer);
    changed = false;
    keep(true);
    // Signing in again in another tab gives this site another token: the one in force stands in the cookie.
    var cookie = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
    if (cookie) form.elements.csrfmiddlewaretoken.value = cookie[1];
  });
  window.addEventListener("beforeunload", function (event) {
    if (changed) { keep(false); event.preventDefault(); }
  });

  function offer(before) {
    var box = document.getElementById("typed-before");
    box.querySelector("time").textContent = new Date(before.at).toLocaleTimeString([], { timeStyle: "short", hourCycle: "h23" });
    box.hidden = false;
    box.querySelector("[data-brings]").addEventListener("click", function () {
      KEPT.forEach(function (name) { form.elements[name].value = before.values[name] || ""; });
      form.elements.version.value = began = before.version;
      box.hidden = true;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      text.focus();
    });
    box.querySelector("[data-forgets]").addEventListener("click", function () { box.hidden = true; forget(); });
  }

  var before = kept();
  var same = before && JSON.stringify(before.values) === JSON.stringify(typed());
  var saved = before && before.sent && (before.version !== began || began === "0");
  if (form.dataset.sent !== undefined) { changed = true; keep(false); }
  else if (before && !same && !saved) offer(before);
  else if (before) forget();

  number();
})();
