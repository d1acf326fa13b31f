/* Charts to look into, where the report was asked for them: buttons, keys or a drawn rectangle enlarge a chart, and
   a line follows the pointer. The drawing stays what it is; only the part of it that is shown changes. */
(() => {
  "use strict";
  const MOST = 20, STEP = 1.5, SVG = "http://www.w3.org/2000/svg";
  const words = document.body.dataset;
  const look = (plot) => {
    const svg = plot.querySelector("svg"), base = svg.viewBox.baseVal;
    const full = { x: base.x, y: base.y, width: base.width, height: base.height };
    const allowed = (width) => Math.min(full.width, Math.max(full.width / MOST, width));
    const show = (x, y, width) => {
      const w = allowed(width), h = (w * full.height) / full.width;
      const inside = (low, size, at, part) => Math.max(low, Math.min(low + size - part, at));
      const left = inside(full.x, full.width, x, w), top = inside(full.y, full.height, y, h);
      svg.setAttribute("viewBox", `${left} ${top} ${w} ${h}`);
      plot.classList.toggle("zoomed", w < full.width);
    };
    const scale = (factor) => {
      const { x, y, width, height } = base;
      const w = allowed(width / factor);
      show(x + (width - w) / 2, y + (height * (1 - w / width)) / 2, w);
    };
    const move = (right, down) => show(base.x + (right * base.width) / 4, base.y + (down * base.height) / 4, base.width);
    const reset = () => show(full.x, full.y, full.width);
    const keys = {
      "+": () => scale(STEP), "-": () => scale(1 / STEP), 0: reset,
      ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0), ArrowUp: () => move(0, -1), ArrowDown: () => move(0, 1),
    };
    const bar = document.createElement("div");
    bar.className = "zoom";
    for (const [key, text, title] of [["+", "+", words.zoomIn], ["-", "−", words.zoomOut], [0, "1:1", words.zoomReset]]) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text, title });
      button.setAttribute("aria-label", title);
      button.addEventListener("click", keys[key]);
      bar.append(button);
    }
    plot.after(bar);
    plot.tabIndex = 0;
    plot.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key.startsWith("Arrow") && !plot.classList.contains("zoomed")) return; // the page scrolls
      event.preventDefault();
      keys[event.key]();
    });
    svg.addEventListener("dblclick", reset);

    const place = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [point.x, point.y];
    };
    const mark = (name) => {
      const made = document.createElementNS(SVG, name);
      made.setAttribute("class", `mark-${name}`);
      made.setAttribute("visibility", "hidden");
      svg.append(made);
      return made;
    };
    const put = (shape, values) => Object.entries(values).forEach(([name, value]) => shape.setAttribute(name, value));
    const line = plot.dataset.hover ? mark("line") : null, box = mark("rect");
    let from = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType === "touch") return;
      from = place(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      if (line) put(line, { x1: x, x2: x, y1: full.y, y2: full.y + full.height, visibility: "visible" });
      if (!from) return;
      const [a, b] = from;
      put(box, { x: Math.min(a, x), y: Math.min(b, y), width: Math.abs(x - a), height: Math.abs(y - b), visibility: "visible" });
    });
    svg.addEventListener("pointerup", (event) => {
      if (!from) return;
      const [[a, b], [x, y]] = [from, place(event)];
      from = null;
      box.setAttribute("visibility", "hidden");
      const w = Math.max(Math.abs(x - a), (Math.abs(y - b) * full.width) / full.height);
      if (w > base.width / 50) show((a + x - w) / 2, (b + y - (w * full.height) / full.width) / 2, w);
    });
    svg.addEventListener("pointercancel", () => { from = null; box.setAttribute("visibility", "hidden"); });
    svg.addEventListener("pointerleave", () => { if (line) line.setAttribute("visibility", "hidden"); });
  };
  document.querySelectorAll("figure .plot").forEach(look);
})();
