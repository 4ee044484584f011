// The API's documentation asks nobody else: where Redoc wants its logo from its maker's site, the site's mark stands.
(function () {
  "use strict";
  var mark = document.currentScript.dataset.mark;
  var image = HTMLImageElement.prototype, set = Element.prototype.setAttribute;

  image.setAttribute = function (name, value) {
    var elsewhere = name === "src" && new URL(value, location).origin !== location.origin;
    return set.call(this, name, elsewhere ? mark : value);
  };
  Object.defineProperty(image, "src", {
    configurable: true,
    get: function () { return this.getAttribute("src"); },
    set: function (value) { this.setAttribute("src", value); },
  });
})();
