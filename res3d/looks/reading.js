// What helps to read a page: tables that sort and filter, charts that tell their values, a map of a matrix. No network.
"use strict";
(() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];

  for (const table of all("table[data-sorts]")) {
    const body = table.tBodies[0], heads = all("thead th", table);
    heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending", sign = down ? -1 : 1;
      const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const order = (a, b) => a === "" ? 1 : b === "" ? -1
        : sign * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);  // what has no value comes last
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...[...body.rows].sort((a, b) => order(value(a), value(b))));
    }));
  }

  for (const input of all("input[data-filters]")) {
    const rows = [...document.getElementById(input.dataset.filters).tBodies[0].rows];
    const told = document.getElementById(input.dataset.told);
    const filter = () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      told.textContent = wanted ? `${rows.filter(row => !row.hidden).length} of ${rows.length}` : "";
    };
    input.addEventListener("input", filter);
  }

  // Where a network looks in one clip; the box above them shows it in all.
  const tell = button => button.setAttribute("aria-pressed", button.parentElement.classList.contains("looking"));
  for (const button of all("button.look")) {
    button.addEventListener("click", () => { button.parentElement.classList.toggle("looking"); tell(button); });
  }
  for (const box of all("input[data-toggles]")) {
    const toggle = () => {
      all("." + box.dataset.within).forEach(part => part.classList.toggle(box.dataset.toggles, box.checked));
      all("button.look").forEach(tell);
    };
    if (box.dataset.toggles === "playing") box.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.addEventListener("change", toggle);
    toggle();
  }

  for (const chart of all("figure.chart[data-points]")) {
    const {x, series, left, right, word} = JSON.parse(chart.dataset.points);
    const svg = chart.querySelector("svg"), hair = chart.querySelector(".hair"), told = chart.querySelector("output");
    const low = Math.min(...x), high = Math.max(...x);
    const place = value => high > low ? left + (value - low) / (high - low) * (right - left) : left;
    let at = x.length - 1;
    const tell = () => {
      hair.setAttribute("x1", place(x[at])); hair.setAttribute("x2", place(x[at])); hair.style.visibility = "visible";
      told.textContent = `${word} ${x[at]}: ` + series.filter(s => s.y[at] !== null).map(s => `${s.name} ${s.y[at]}`).join(", ");
    };
    svg.addEventListener("pointermove", event => {
      const box = svg.getBoundingClientRect(), where = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      at = x.reduce((best, value, i) => Math.abs(place(value) - where) < Math.abs(place(x[best]) - where) ? i : best, 0);
      tell();
    });
    svg.addEventListener("pointerleave", () => { hair.style.visibility = "hidden"; told.textContent = ""; });
    svg.addEventListener("keydown", event => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!step) return;
      at = Math.min(x.length - 1, Math.max(0, at + step));
      tell();
      event.preventDefault();
    });
  }

  for (const map of all("[data-map]")) {
    const {labels, cells, around} = JSON.parse(document.getElementById(map.dataset.map).textContent);
    const n = labels.length, counts = new Map(cells.map(([i, j, count]) => [i * n + j, count])), totals = Array(n).fill(0);
    for (const [i, , count] of cells) totals[i] += count;
    const mark = map.querySelector(".mark"), told = document.getElementById(map.dataset.told);
    const lens = document.getElementById(map.dataset.lens);
    let i = 0, j = 0;
    const window_of = middle => {
      const first = Math.max(0, Math.min(n - around, middle - (around >> 1)));
      return [...Array(Math.min(around, n)).keys()].map(k => first + k);
    };
    const fit = (text, most) => text.length > most ? `${text.slice(0, most / 2)}…${text.slice(-most / 2).trimStart()}` : text;
    const make = (tag, text) => { const node = document.createElement(tag); node.textContent = text ?? ""; return node; };
    const show = () => {
      Object.assign(mark.style, {left: `calc(${100 * j / n}% - 2px)`, top: `calc(${100 * i / n}% - 2px)`,
                                 width: `calc(${100 / n}% + 4px)`, height: `calc(${100 / n}% + 4px)`});
      const count = counts.get(i * n + j) ?? 0;
      told.textContent = `truth “${labels[i]}”, answer “${labels[j]}”: ${count} of ${totals[i]}`;
      const rows = window_of(i), columns = window_of(j), head = make("tr"), body = document.createElement("tbody");
      head.append(make("td"), ...columns.map(c => { const th = make("th"); th.append(make("span", fit(labels[c], 20))); th.title = labels[c]; return th; }));
      for (const r of rows) {
        const line = make("tr"), name = make("th", fit(labels[r], 26));
        name.title = labels[r];
        line.append(name, ...columns.map(c => {
          const found = counts.get(r * n + c) ?? 0, cell = make("td", found || "");
          const share = totals[r] ? 100 * Math.sqrt(found / totals[r]) : 0;
          cell.style.setProperty("--share", share);
          cell.className = (r === c ? "own" : "") + (share > 55 ? " deep" : "");
          if (r === i && c === j) cell.style.outline = "2px solid var(--ink)";
          return cell;
        }));
        body.append(line);
      }
      const top = document.createElement("thead");
      top.append(head);
      lens.replaceChildren(top, body);
    };
    const inside = value => Math.min(n - 1, Math.max(0, Math.floor(value * n)));
    map.addEventListener("pointermove", event => {
      const box = map.getBoundingClientRect();
      j = inside((event.clientX - box.left) / box.width); i = inside((event.clientY - box.top) / box.height);
      show();
    });
    map.addEventListener("keydown", event => {
      const [down, along] = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key] ?? [];
      if (down === undefined) return;
      i = Math.min(n - 1, Math.max(0, i + down)); j = Math.min(n - 1, Math.max(0, j + along));
      show();
      event.preventDefault();
    });
    show();
  }
})();
