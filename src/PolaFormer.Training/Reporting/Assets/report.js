"use strict";
(() => {
  // Numbers that are not finite stand as text in JSON.
  const named = { NaN, Infinity, "-Infinity": -Infinity };
  const { run, end, epochs, steps, starts, first_started: firstStarted } = JSON.parse(document.getElementById("data").textContent, (_, value) => Object.hasOwn(named, value) ? named[value] : value);
  const last = epochs.at(-1);
  const [first, ...others] = run.metrics;
  const examples = run.examples_name ?? "images";
  const hasAverage = epochs.some(epoch => epoch.ema_loss !== null);

  const fixed = digits => value => value.toFixed(digits);
  const percent = value => `${(100 * value).toFixed(2)} %`;
  // Detectors have no loss in evaluation and no precision in training: NaN in every epoch.
  const isMeasured = field => epochs.some(epoch => !Number.isNaN(epoch[field] ?? NaN));
  const loss = value => value?.toFixed(4) ?? "–";
  const textOf = (metric, value) => value === undefined ? "–" : metric.is_share ? percent(value) : Number(value).toFixed(4);
  // Names like mIoU stay as they are.
  const capital = text => /[A-Z]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  const seconds = value => value === null ? "–" : short(value);
  const short = value => String(Number(value.toPrecision(3)));
  const power = value => value === 0 ? "0" : value.toExponential(2);
  const shortPower = value => value === 0 ? "0" : value.toExponential().length > 6 ? value.toExponential(1) : value.toExponential();

  function add(parent, name, text = "", className = "") {
    const element = parent.appendChild(document.createElement(name));
    element.textContent = text;
    element.className = className;
    return element;
  }

  function duration(seconds) {
    const minutes = Math.floor(seconds / 60);
    return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.round(seconds)} s`;
  }

  function state() {
    return end === null ? "under way" : `${end.is_complete ? "complete" : "stopped"} after ${duration(end.seconds)}`;
  }

  function describe() {
    document.title = `${run.model} – training report`;
    document.getElementById("model").textContent = run.model;
    document.getElementById("subtitle").textContent =
      `${(run.parameters / 1e6).toFixed(2)} M parameters · ${run.classes.length} classes · ${run.steps_per_epoch} steps an epoch · ${state()}`;
    document.getElementById("classes").textContent = run.classes.join(", ");
    document.getElementById("configuration").textContent = run.configuration;
  }

  function summarise() {
    const list = document.getElementById("figures");
    const figure = (term, value, note) => {
      const tile = add(list, "div");
      add(tile, "dt", term);
      add(add(tile, "dd", value), "small", note);
    };
    figure("Epochs", `${last?.epoch ?? run.epochs_done} / ${run.epochs}`, `step ${(last?.global_step ?? run.global_step).toLocaleString("en")}`);
    if (last === undefined)
      return;
    const bestBy = key => epochs.filter(epoch => Number.isFinite(epoch[key])).reduce((a, b) => a === undefined || (first.higher_is_better ? b[key] > a[key] : b[key] < a[key]) ? b : a, undefined);
    const best = bestBy(first.name), averaged = bestBy(`ema_${first.name}`);
    if (best !== undefined)
      figure(`Best ${first.label}`, textOf(first, best[first.name]), `evaluation, epoch ${best.epoch}`);
    if (averaged !== undefined)
      figure(`Best ${first.label}, EMA`, textOf(first, averaged[`ema_${first.name}`]), `averaged weights, epoch ${averaged.epoch}`);
    others.forEach(metric => figure(capital(metric.label), textOf(metric, last[metric.name]), `evaluation, epoch ${last.epoch}`));
    if (end?.[`test_${first.name}`] !== undefined)
      figure(`Test ${first.label}`, textOf(first, end[`test_${first.name}`]), "chosen network, at the end");
    if (isMeasured("loss"))
      figure("Loss", loss(last.loss), `evaluation; training ${loss(last.train_loss)}`);
    else
      figure("Loss", loss(last.train_loss), "training");
    figure("Speed", `${short(last.images_per_second)} /s`, `training ${examples}, last epoch`);
    if (last.workers > 1)
      figure("Workers", String(last.workers), `slowest, ${last.slowest_worker}: ${last.imbalance.toFixed(2)} × the mean; messages ${short(last.communication_seconds)} s, ${short(last.waited_seconds)} s waited, last epoch`);
  }

  function tabulate() {
    const columns = [
      ["epoch", epoch => epoch.epoch],
      ["train loss", epoch => loss(epoch.train_loss)],
      ...(isMeasured(`train_${first.name}`) ? [[`train ${first.label}`, epoch => textOf(first, epoch[`train_${first.name}`])]] : []),
      ...(isMeasured("loss") ? [["val loss", epoch => loss(epoch.loss)]] : []),
      ...run.metrics.map(metric => [`val ${metric.label}`, epoch => textOf(metric, epoch[metric.name])]),
      ...(hasAverage ? [...(isMeasured("ema_loss") ? [["EMA loss", epoch => loss(epoch.ema_loss)]] : []), [`EMA ${first.label}`, epoch => textOf(first, epoch[`ema_${first.name}`])]] : []),
      ["learning rate", epoch => power(epoch.lr)],
      [`${examples}/s`, epoch => short(epoch.images_per_second)],
      ...(epochs.some(epoch => epoch.workers > 1) ? [
        ["workers", epoch => epoch.workers ?? 1],
        ["messages s", epoch => seconds(epoch.communication_seconds)],
        ["waited s", epoch => seconds(epoch.waited_seconds)],
        ["imbalance", epoch => epoch.imbalance === null ? "–" : epoch.imbalance.toFixed(2)],
      ] : []),
      ...(epochs.some(epoch => epoch.bad_images > 0) ? [["unreadable", epoch => epoch.bad_images]] : []),
    ];
    const table = document.getElementById("epochs");
    const head = add(table.tHead, "tr");
    columns.forEach(([title]) => add(head, "th", title));
    const best = epochs.findLast(epoch => epoch.is_best);
    epochs.forEach(epoch => {
      const row = add(table.tBodies[0], "tr", "", epoch === best ? "best" : "");
      columns.forEach(([, text]) => add(row, "td", text(epoch)));
    });
  }

  function tellRun() {
    const list = document.getElementById("facts");
    const fact = (term, value) => {
      if (!value)
        return;
      add(list, "dt", term);
      add(list, "dd", value);
    };
    const { started, machine, software, command, seed, device } = run.environment ?? {};
    const spent = end?.seconds ?? last?.seconds;
    fact("Started", starts > 1 && firstStarted ? `${firstStarted}, continued ${starts - 1} time${starts > 2 ? "s" : ""}, last ${started}` : started);
    fact("Wall time", spent === undefined ? undefined : `${duration(spent)} over ${starts === 1 ? "one start" : `${starts} starts`}`);
    fact("Command", command);
    fact("Seed", seed === undefined ? undefined : String(seed));
    fact("Device", device);
    fact("Machine", machine);
    fact("Software", software);
    document.getElementById("run").hidden = list.childElementCount === 0;
  }

  // Epochs at their ends, in epochs: 1 for the first.
  const ofEpochs = key => [epochs.map(epoch => epoch.epoch), epochs.map(epoch => Number.isFinite(epoch[key]) ? epoch[key] : null)];
  const ofSteps = key => [steps.epoch, steps[key]];
  const averaged = (label, key) => hasAverage ? [{ label, colour: "ema", values: ofEpochs(key) }] : [];
  const charts = [
    {
      place: "results", title: "Loss", height: 290, value: fixed(4), tick: short, series: [
        { label: "step", colour: "step", values: ofSteps("loss"), width: 1 },
        { label: "train", colour: "train", values: ofEpochs("train_loss") },
        { label: "val", colour: "val", values: ofEpochs("loss") },
        ...averaged("EMA", "ema_loss"),
      ],
    },
    {
      place: "results", title: capital(first.label), unit: first.is_share ? "%" : undefined, height: 290, value: value => textOf(first, value), tick: value => short(first.is_share ? 100 * value : value), series: [
        { label: "train, augmented", colour: "train", values: ofEpochs(`train_${first.name}`) },
        { label: "val", colour: "val", values: ofEpochs(first.name) },
        ...averaged("EMA", `ema_${first.name}`),
      ],
    },
    { place: "course", title: "Learning rate", height: 200, value: power, tick: shortPower, series: [{ label: "rate", colour: "train", values: ofSteps("lr") }] },
    { place: "course", title: "Gradient norm", unit: "before clipping", height: 200, value: short, tick: short, series: [{ label: "norm", colour: "train", values: ofSteps("gradient_norm") }] },
    { place: "course", title: "Speed", unit: `training ${examples}/s`, height: 200, value: fixed(0), tick: short, fromZero: true, series: [{ label: `${examples}/s`, colour: "train", values: ofSteps("images_per_second") }] },
  ];

  // The nearest point that a series has.
  function nearest(chart, series, index) {
    const values = chart.data[series];
    for (let distance = 0; distance < values.length; distance++)
      for (const candidate of [index - distance, index + distance])
        if (values[candidate] !== undefined && values[candidate] !== null)
          return candidate;
    return index;
  }

  const probe = add(document.body, "i");
  probe.hidden = true;
  function colour(name) {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  function draw(chart, panel) {
    const faint = colour("faint"), line = colour("line");
    const axis = { stroke: faint, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    const options = {
      width: panel.clientWidth - 28,
      height: chart.height,
      cursor: { sync: { key: "run", scales: ["x", null] }, dataIdx: nearest, drag: { x: true, y: false }, points: { size: 6 } },
      scales: { x: { time: false, range: [0, Math.max(last?.epoch ?? 0, steps.epoch.at(-1) ?? 0, 1)] }, y: { range: chart.fromZero ? (u, min, max) => [0, 1.1 * max || 1] : undefined } },
      axes: [
        { ...axis, size: 26, label: "epoch", labelSize: 20, labelGap: 0, incrs: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] },
        { ...axis, size: 54, values: (u, ticks) => ticks.map(chart.tick) },
      ],
      series: [
        { label: "epoch", value: (u, value) => value === null || value === undefined ? "–" : value.toFixed(2) },
        ...chart.series.map(series => ({
          label: series.label, stroke: colour(series.colour), width: series.width ?? 2, points: { show: series.values[0].length < 40 && series.values[0].length === epochs.length, size: 5, fill: colour(series.colour) },
          value: (u, value) => value === null || value === undefined ? "–" : chart.value(value),
        })),
      ],
    };
    return new uPlot(options, uPlot.join(chart.series.map(series => series.values)), panel);
  }

  const panels = charts.map(chart => {
    const panel = add(document.getElementById(chart.place), "div", "", "panel");
    const title = add(panel, "h2", `${chart.title} `);
    if (chart.unit)
      add(title, "small", chart.unit);
    return panel;
  });
  let drawn = [];
  function redraw() {
    drawn.forEach(plot => plot.destroy());
    drawn = charts.map((chart, i) => draw(chart, panels[i]));
  }

  document.getElementById("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme;
    const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = isDark ? "light" : "dark";
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let resizing = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(redraw);
  });

  describe();
  summarise();
  tabulate();
  tellRun();
  redraw();
})();
