"use strict";
(() => {
  const { title, subtitle, sections } = JSON.parse(document.getElementById("data").textContent);

  function add(parent, name, text = "", className = "") {
    const element = parent.appendChild(document.createElement(name));
    element.textContent = text;
    element.className = className;
    return element;
  }

  const short = value => value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));
  // On a dark page colours are lighter.
  const onPage = colour => `light-dark(${colour}, color-mix(in srgb, ${colour} 60%, white))`;

  function draw(chart, parent) {
    const faint = resolve("var(--faint)"), line = resolve("var(--line)");
    function resolve(colour) {
      const element = add(document.body, "i");
      element.style.color = colour;
      const value = getComputedStyle(element).color;
      element.remove();
      return value;
    }
    const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 }, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif" };
    const distribution = chart.isLogarithmic ? { distr: 3 } : {};
    const pointed = chart.x.length <= 24;
    return new uPlot({
      width: parent.clientWidth,
      height: 300,
      scales: { x: { time: false, ...distribution }, y: distribution },
      axes: [
        { ...axis, label: chart.xLabel, labelSize: 20, size: 30, values: (u, ticks) => ticks.map(tick => tick === null ? "" : short(tick)) },
        { ...axis, label: chart.yLabel, labelSize: 20, size: 56, values: (u, ticks) => ticks.map(tick => tick === null ? "" : short(tick)) },
      ],
      series: [
        { label: chart.xLabel, value: (u, value) => short(value) },
        ...chart.series.map(series => ({
          label: series.label, stroke: resolve(onPage(series.style.color)), width: 2, dash: series.style.dashes.length > 0 ? series.style.dashes : undefined,
          points: { show: pointed, size: 6, fill: resolve(onPage(series.style.color)) }, value: (u, value) => short(value), spanGaps: false,
        })),
      ],
    }, [chart.x, ...chart.series.map(series => series.values)], parent);
  }

  document.title = title;
  document.getElementById("title").textContent = title;
  document.getElementById("subtitle").textContent = subtitle;
  const plots = [];
  for (const section of sections) {
    const panel = add(document.getElementById("sections"), "section");
    add(panel, "h2", section.title);
    if (section.text)
      add(panel, "p", section.text);
    if (section.pictures.length > 0) {
      const row = add(panel, "div", "", "pictures");
      for (const picture of section.pictures) {
        const figure = add(row, "figure");
        const image = add(figure, "img");
        image.src = picture.source;
        image.alt = picture.caption;
        image.width = picture.width;
        image.height = picture.height;
        add(figure, "figcaption", picture.caption);
      }
    }
    if (section.charts.length > 0) {
      const row = add(panel, "div", "", "charts");
      for (const chart of section.charts) {
        const place = add(row, "div");
        add(place, "h3", chart.title);
        plots.push([chart, add(place, "div")]);
      }
    }
    if (section.table) {
      const table = add(add(panel, "div", "", "scroll"), "table", "", "cells");
      const head = add(table.createTHead(), "tr");
      section.table.columns.forEach(name => add(head, "th", name));
      const body = table.createTBody();
      for (const cells of section.table.rows) {
        const row = add(body, "tr");
        cells.forEach(cell => add(row, "td", cell));
      }
    }
  }

  let drawn = [];
  function redraw() {
    drawn.forEach(plot => plot.destroy());
    drawn = plots.map(([chart, place]) => draw(chart, place));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let resizing = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(redraw);
  });
  redraw();
})();
