// Tables that sort and search, and charts that follow their data. Pages are complete without it.
"use strict";

(() => {
  const words = document.documentElement.lang || "en";
  const order = new Intl.Collator(words, { numeric: true, sensitivity: "base" });

  function cellValue(row, index) {
    const cell = row.cells[index];
    return cell ? cell.dataset.sort ?? cell.textContent.trim() : "";
  }

  function sortBy(table, index, header) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => order.compare(cellValue(a, index), cellValue(b, index)) * (up ? 1 : -1));
    table.tBodies[0].append(...rows);
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((header, index) => {
      if (!header.hasAttribute("data-sortable")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "table__sort";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, index, header));
    });
  }

  function makeSearchable(box, table) {
    const input = box.querySelector("[data-search]");
    const shown = box.querySelector("[data-shown]");
    const none = box.querySelector("[data-none]");
    input?.addEventListener("input", () => {
      const wanted = input.value.trim().toLocaleLowerCase(words);
      const rows = [...table.tBodies[0].rows];
      rows.forEach((row) => { row.hidden = !row.textContent.toLocaleLowerCase(words).includes(wanted); });
      const left = rows.filter((row) => !row.hidden).length;
      shown.textContent = wanted ? `${left} / ${rows.length}` : "";
      none.hidden = left > 0;
    });
  }

  function dress(root) {
    for (const box of root.querySelectorAll("[data-table]:not([data-dressed])")) {
      box.dataset.dressed = "yes";
      const table = box.querySelector("table");
      makeSortable(table);
      makeSearchable(box, table);
    }
    for (const plot of root.querySelectorAll("[data-chart]:not([data-dressed])")) {
      plot.dataset.dressed = "yes";
      follow(plot);
    }
  }

  // Lines differ by dash as well as by colour.
  const LINES = [["--accent", []], ["--bad", [8, 5]], ["--info", [2, 4]], ["--wait", [12, 4, 2, 4]]];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB");

  function draw(plot, data) {
    const unit = plot.dataset.unit ?? "";
    const write = (_, value) => (value === null || value === undefined ? "–" : `${value} ${unit}`);
    const series = data.series.map((line, index) => ({
      label: line.label, stroke: colour(LINES[index % 4][0]), dash: LINES[index % 4][1], width: 2, value: write, points: { show: false },
    }));
    const axis = { stroke: colour("--ink-soft"), grid: { stroke: colour("--line"), width: 1 }, font: "13px Atkinson Hyperlegible" };
    const options = {
      width: plot.clientWidth, height: Math.max(180, plot.clientHeight), series: [{ label: plot.dataset.time, value: (_, at) => (at ? clock(at) : "–") }, ...series],
      axes: [{ ...axis, values: (_, ticks) => ticks.map(clock) }, { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} ${unit}`), size: 64 }],
    };
    return new uPlot(options, [data.x, ...data.series.map((line) => line.values)], plot);
  }

  async function follow(plot) {
    let chart = null;
    const every = Number(plot.dataset.every);
    async function turn() {
      if (!plot.isConnected) {
        chart?.destroy();
        return;
      }
      const response = await fetch(plot.dataset.chart, { cache: "no-store" }).catch(() => null);
      if (response?.ok) {
        const data = await response.json();
        if (chart) chart.setData([data.x, ...data.series.map((line) => line.values)]);
        else chart = draw(plot, data);
      }
      if (every > 0) setTimeout(turn, every);
    }
    new ResizeObserver(() => chart?.setSize({ width: plot.clientWidth, height: chart.height })).observe(plot);
    await turn();
  }

  dress(document);
  document.addEventListener("htmx:load", (event) => dress(event.target));
})();
