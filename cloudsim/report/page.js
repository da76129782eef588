"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const hidden = new Set();
  const chosen = {};
  const drawn = new Set();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 600px)");
  const config = {
    showSendToCloud: false, displaylogo: false, responsive: true, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function template() {
    const axis = {
      gridcolor: colour("grid"), linecolor: colour("line"), zerolinecolor: colour("line"), automargin: true,
      showline: true, ticks: "outside", tickcolor: colour("line"), title: { standoff: 8, font: { size: 12 } },
    };
    return {
      layout: {
        font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", size: narrow.matches ? 11 : 12.5, color: colour("ink") },
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        margin: { l: 48, r: 12, t: 24, b: 44 },
        xaxis: axis, yaxis: axis,
        legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
        hoverlabel: { namelength: -1, bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") } },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("link") },
      },
    };
  }

  const plotOf = (figure) => figure.plots[(chosen[figure.section] || []).join("|")] || figure.plots[""];
  const shows = (trace) => !(trace.meta && hidden.has(trace.meta.contender));
  const element = (figure) => document.getElementById(`plot-${figure.name}`);

  function draw(figure) {
    const plot = plotOf(figure);
    const box = element(figure);
    document.getElementById(`title-${figure.name}`).textContent = plot.title;
    const data = plot.figure.data.map((trace) => ({ ...trace, visible: shows(trace) }));
    box.style.minHeight = `${plot.figure.layout.height}px`;
    drawn.add(figure);
    return Plotly.react(box, data, { ...structuredClone(plot.figure.layout), template: template() }, config);
  }

  function toggle(name, on) {
    if (on) hidden.delete(name); else hidden.add(name);
    for (const item of document.querySelectorAll("main [data-contender]")) {
      if (item.dataset.contender === name) item.hidden = !on;
    }
    for (const figure of drawn) {
      const box = element(figure);
      const mine = box.data.flatMap((trace, i) => (trace.meta && trace.meta.contender === name ? [i] : []));
      if (mine.length) Plotly.restyle(box, { visible: on }, mine);
    }
    for (const select of document.querySelectorAll("select[data-names=contender]")) avoidHidden(select);
  }

  // A selector never stays on a contender that is switched off while another one is left.
  function avoidHidden(select) {
    for (const option of select.options) option.disabled = hidden.has(option.textContent);
    const left = [...select.options].find((option) => !option.disabled);
    if (left && select.selectedOptions[0].disabled) {
      select.value = left.value;
      select.dispatchEvent(new Event("change"));
    }
  }

  function choose(section) {
    const selects = [...document.querySelectorAll("select[data-section]")].filter((select) => select.dataset.section === section);
    chosen[section] = selects.map((select) => select.value);
    for (const figure of drawn) {
      if (figure.section === section && Object.keys(figure.plots).length > 1) draw(figure);
    }
  }

  for (const select of document.querySelectorAll("select[data-section]")) {
    select.selectedIndex = 0;
    select.addEventListener("change", () => choose(select.dataset.section));
    choose(select.dataset.section);
  }
  for (const box of document.querySelectorAll("input[data-toggle]")) {
    box.checked = true;
    box.addEventListener("change", () => toggle(box.dataset.toggle, box.checked));
  }
  for (const query of [dark, narrow]) {
    query.addEventListener("change", () => drawn.forEach((figure) => Plotly.relayout(element(figure), { template: template() })));
  }

  // What is in view is drawn first, the rest one by one while the browser is idle.
  const drawOnce = (figure) => (drawn.has(figure) ? Promise.resolve() : draw(figure));
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) drawOnce(figures.find((figure) => element(figure) === entry.target));
    }
  }, { rootMargin: "300px" });
  figures.forEach((figure) => watcher.observe(element(figure)));
  async function drawRest() {
    for (const figure of figures) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      await drawOnce(figure);
    }
    document.documentElement.dataset.drawn = "all";
  }
  window.addEventListener("beforeprint", () => figures.forEach(drawOnce));
  setTimeout(drawRest, 50);
})();
