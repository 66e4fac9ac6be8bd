// The page works without this: it adds sorting, filtering, copying and saving to what is already there.
(function () {
  "use strict";
  function text(cell) { var clone = cell.cloneNode(true); clone.querySelectorAll("title").forEach(function (t) { t.remove(); }); return clone.textContent.trim(); }
  function key(cell) {
    var time = cell.querySelector("time");
    if (time) return time.getAttribute("datetime") || "";
    var words = text(cell), number = words.replace(/,/g, "").replace(/ %$/, "");
    return /^[<P]? ?\d+(\.\d+)?$/.test(number) ? parseFloat(number.replace(/^[<P] ?/, "")) : words.toLowerCase();
  }
  function button(label, action) {
    var b = document.createElement("button");
    b.type = "button"; b.textContent = label; b.addEventListener("click", function () { action(b); });
    return b;
  }
  function say(b, words) { var old = b.textContent; b.textContent = words; setTimeout(function () { b.textContent = old; }, 1500); }
  function copy(words, b) {
    function old() {
      var area = document.createElement("textarea");
      area.value = words; document.body.appendChild(area); area.select();
      var done = document.execCommand("copy"); area.remove(); say(b, done ? "Copied" : "Not copied");
    }
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(words).then(function () { say(b, "Copied"); }, old); else old();
  }
  function tsv(table) {
    return Array.from(table.rows).filter(function (row) { return !row.hidden; }).map(function (row) {
      return Array.from(row.cells).map(function (cell) {
        var svg = cell.querySelector("svg title");
        return (svg && !text(cell) ? svg.textContent : text(cell)).replace(/\s+/g, " ");
      }).join("\t");
    }).join("\n");
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var body = table.tBodies[0];
    Array.from(table.tHead.rows[0].cells).forEach(function (head, index) {
      if (!head.textContent.trim()) return;
      var b = button(head.textContent, function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        Array.from(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        Array.from(body.rows).map(function (row, at) { return { row: row, at: at, key: key(row.cells[index]) }; }).sort(function (a, c) {
          var order = typeof a.key === "number" && typeof c.key === "number" ? a.key - c.key : String(a.key) < String(c.key) ? -1 : String(a.key) > String(c.key) ? 1 : 0;
          return (up ? order : -order) || a.at - c.at;
        }).forEach(function (item) { body.appendChild(item.row); });
      });
      b.title = "Sort"; head.textContent = ""; head.appendChild(b);
    });
    var tools = document.createElement("div");
    tools.className = "tools";
    if (table.classList.contains("filterable") && body.rows.length > 5) {
      var input = document.createElement("input"), count = document.createElement("span");
      input.type = "search"; input.placeholder = "Filter rows"; input.setAttribute("aria-label", "Filter rows"); count.className = "dim small"; count.setAttribute("aria-live", "polite");
      input.addEventListener("input", function () {
        var words = input.value.toLowerCase().split(/\s+/), shown = 0;
        Array.from(body.rows).forEach(function (row) {
          var all = text(row).toLowerCase();
          row.hidden = !words.every(function (word) { return all.indexOf(word) >= 0; });
          shown += row.hidden ? 0 : 1;
        });
        count.textContent = input.value ? shown + " of " + body.rows.length : "";
      });
      tools.appendChild(input); tools.appendChild(count);
    }
    tools.appendChild(button("Copy as TSV", function (b) { copy(tsv(table), b); }));
    table.closest(".scroll").before(tools);
  });
  document.querySelectorAll(".figure").forEach(function (figure) {
    var svg = figure.querySelector("svg");
    var b = button("Save SVG", function () {
      var clone = svg.cloneNode(true), from = svg.querySelectorAll("*");
      clone.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      clone.querySelectorAll("*").forEach(function (node, at) {
        var style = getComputedStyle(from[at]);
        ["fill", "stroke", "stroke-width", "stroke-dasharray"].forEach(function (name) { node.setAttribute(name, style.getPropertyValue(name)); });
      });
      var a = document.createElement("a");
      a.href = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(clone));
      a.download = "chart.svg"; a.click();
    });
    b.className = "save"; figure.appendChild(b);
  });
  // A link into folded text opens it; printing opens everything.
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();
  var closed = [];
  window.addEventListener("beforeprint", function () { closed = Array.from(document.querySelectorAll("details:not([open])")); closed.forEach(function (d) { d.open = true; }); });
  window.addEventListener("afterprint", function () { closed.forEach(function (d) { d.open = false; }); });
  if (window.matchMedia("(max-width: 68rem)").matches) document.querySelector(".toc details").open = false;
})();
