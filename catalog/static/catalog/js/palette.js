// The command palette: a dialog that suggests techniques, fields, indicators, rules and pages while somebody types.
// A combobox with a listbox; its options are links. It opens by the event "palette:open" (see keys.js).
(function () {
  "use strict";
  var PAUSE = 120; // ms without a key before suggestions are asked for
  var GROUPS = { technique: "Techniques", field: "Fields", indicator: "Indicators", rule: "Rules", page: "Pages" };
  var search = document.querySelector(".site-search[data-suggest]");
  var dialog, input, list, status, timer, asking;
  if (!search || !window.HTMLDialogElement) return;

  function make(tag, attributes, text) {
    var made = document.createElement(tag);
    Object.keys(attributes).forEach(function (name) { made.setAttribute(name, attributes[name]); });
    if (text) made.textContent = text;
    return made;
  }

  function build() {
    dialog = make("dialog", { class: "palette", "aria-label": "Search and go" });
    var form = make("form", { action: search.getAttribute("action"), role: "search" });
    input = make("input", {
      type: "text", name: "q", role: "combobox", "aria-label": "Technique, field, value, rule or page",
      "aria-autocomplete": "list", "aria-controls": "palette-list", "aria-expanded": "false", autocomplete: "off",
      maxlength: "200", placeholder: "Technique, field, value, rule or page", spellcheck: "false", enterkeyhint: "go",
    });
    list = make("div", { id: "palette-list", role: "listbox", "aria-label": "Suggestions" });
    status = make("p", { class: "palette-told", role: "status" });
    form.append(input, list, status);
    dialog.append(form);
    document.body.append(dialog);
    input.addEventListener("input", soon);
    input.addEventListener("keydown", move);
    form.addEventListener("submit", function (event) {
      var chosen = active();
      if (!chosen && input.value.trim()) return;
      event.preventDefault();
      if (chosen) chosen.click();
    });
    list.addEventListener("mousemove", function (event) {
      var option = event.target.closest("a");
      if (option) activate(option);
    });
    dialog.addEventListener("click", function (event) {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", stop);
  }

  function open() {
    if (!dialog) build();
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    suggest();
  }

  function stop() {
    clearTimeout(timer);
    if (asking) asking.abort();
  }

  function soon() {
    stop();
    activate(null); // what is suggested is not yet for these words: Enter searches
    timer = setTimeout(suggest, PAUSE);
  }

  function suggest() {
    var words = input.value.trim();
    asking = new AbortController();
    fetch(search.dataset.suggest + "?q=" + encodeURIComponent(words), { signal: asking.signal })
      .then(function (answer) {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (found) { show(found.results, words); })
      .catch(function (error) {
        if (error.name === "AbortError") return;
        show([], words);
        status.textContent = "No suggestions can be had now. Enter searches.";
      });
  }

  function show(results, words) {
    list.textContent = "";
    results.forEach(function (one, number) {
      var before = results[number - 1];
      if (!before || before.group !== one.group) list.append(group(one.group));
      list.lastChild.append(option("palette-" + number, one.url, one.title, one.detail));
    });
    if (words) {
      list.append(group(""));
      var all = search.getAttribute("action") + "?q=" + encodeURIComponent(words);
      list.lastChild.append(option("palette-all", all, "Search for “" + words + "”", ""));
    }
    input.setAttribute("aria-expanded", String(list.childElementCount > 0));
    status.textContent = results.length + (results.length === 1 ? " suggestion" : " suggestions");
    activate(list.querySelector("a"));
  }

  function group(name) {
    var made = make("div", { role: "group", "aria-label": GROUPS[name] || "Everything" });
    if (GROUPS[name]) made.append(make("div", { class: "palette-group", "aria-hidden": "true" }, GROUPS[name]));
    return made;
  }

  function option(id, url, title, detail) {
    var made = make("a", { id: id, role: "option", href: url, tabindex: "-1", "aria-selected": "false" });
    made.append(make("span", { class: "title" }, title));
    if (detail) made.append(" ", make("span", { class: "detail" }, detail));
    return made;
  }

  function active() {
    return list.querySelector('[aria-selected="true"]');
  }

  function activate(option) {
    var before = active();
    if (before === option && option) return;
    if (before) before.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function move(event) {
    var options = Array.from(list.querySelectorAll("a"));
    var step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !options.length || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    var at = options.indexOf(active());
    activate(options[at < 0 && step < 0 ? options.length - 1 : (at + step + options.length) % options.length]);
  }

  document.addEventListener("palette:open", open);
})();
