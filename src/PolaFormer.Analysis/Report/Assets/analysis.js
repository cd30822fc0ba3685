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
  // Far apart in hue, then again in lightness: lines that differ by name differ by colour.
  const colour = (index, count) => `hsl(${Math.round(360 * index / Math.max(count, 3))} 65% ${index % 2 === 0 ? 45 : 58}%)`;

  function draw(chart, parent) {
    const style = getComputedStyle(document.body);
    const probe = name => style.getPropertyValue(name);
    const faint = resolve("--faint"), line = resolve("--line");
    function resolve(name) {
      const element = add(document.body, "i");
      element.style.color = `var(${name})`;
      const value = getComputedStyle(element).color;
      element.remove();
      return value || probe(name);
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
        ...chart.series.map((series, i) => ({
          label: series.label, stroke: colour(i, chart.series.length), width: 2, dash: i % 3 === 1 ? [8, 3] : i % 3 === 2 ? [2, 3] : undefined,
          points: { show: pointed, size: 6, fill: colour(i, chart.series.length) }, value: (u, value) => short(value), spanGaps: false,
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
