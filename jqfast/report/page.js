/* Sorts a table by a click on a heading, and shows the values of a chart under the pointer. The page says the
   same without it. */
(() => {
  "use strict";
  const number = (cell) => {
    const bare = cell.textContent.trim().replace(/^<\s*/, "").replace(/,/g, "");
    const text = bare.replace(/[−–]/g, (c) => (c === "−" ? "-" : "?"));
    const found = /^[+-]?\d+(?:\.\d+)?/.exec(text);
    return found ? parseFloat(found[0]) : null;
  };
  const compare = (a, b, numeric) => {
    if (!numeric) return a.textContent.localeCompare(b.textContent, document.documentElement.lang);
    const [x, y] = [number(a), number(b)];
    return x === y ? 0 : x === null ? 1 : y === null ? -1 : x - y;
  };
  const sort = (head) => {
    const table = head.closest("table"), body = table.tBodies[0], column = head.cellIndex;
    const numeric = head.classList.contains("n");
    const was = head.getAttribute("aria-sort");
    const down = was ? was === "ascending" : numeric;
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].map((row, place) => ({ row, place, cell: row.cells[column] }));
    const missing = (cell) => numeric && number(cell) === null;
    rows.sort((a, b) => {
      if (missing(a.cell) !== missing(b.cell)) return missing(a.cell) ? 1 : -1;
      return (down ? -1 : 1) * compare(a.cell, b.cell, numeric) || a.place - b.place;
    });
    body.append(...rows.map((each) => each.row));
  };
  for (const table of document.querySelectorAll("table:not(.pairs)")) {
    if (!table.tHead || table.tBodies[0].rows.length < 3) continue;
    for (const head of table.tHead.rows[0].cells) {
      if (!head.textContent.trim()) continue;
      head.tabIndex = 0;
      head.classList.add("sorts");
      head.addEventListener("click", () => sort(head));
      head.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort(head);
      });
    }
  }
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  for (const plot of document.querySelectorAll(".plot[data-hover]")) {
    const { left, right, at, labels, series } = JSON.parse(plot.dataset.hover);
    const svg = plot.querySelector("svg"), view = svg.viewBox.baseVal, whole = view.width;
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const across = (view.x + ((event.clientX - box.left) / box.width) * view.width) / whole;
      const x = (across - left) / (right - left);
      if (x < -0.02 || x > 1.02) { tip.hidden = true; return; }
      let best = 0;
      at.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(at[best] - x)) best = i; });
      tip.textContent = [labels[best], ...series.map(([name, values]) => `${name}  ${values[best]}`)].join("\n");
      tip.hidden = false;
      const wide = tip.offsetWidth, high = tip.offsetHeight;
      tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8)) + scrollX}px`;
      tip.style.top = `${Math.max(4, event.clientY - high - 10) + scrollY}px`;
    });
    svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
})();
