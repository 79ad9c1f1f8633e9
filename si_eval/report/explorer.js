"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const at = Object.fromEntries(data.dimensions.map((name, place) => [name, place]));
const width = data.dimensions.length;
const ESTIMATE = width, LOW = width + 1, HIGH = width + 2, TEXT = width + 3, INTERVAL = width + 4, UNITS = width + 5, UNIT = width + 6, SOURCE = width + 7;
const COLOURS = ["#0072b2", "#c77a00", "#333333", "#009e73", "#7a3e9d"];
const DASHES = ["", "5 3", "2 2", "8 3 2 3", "1 3"];
const all = Object.fromEntries(data.dimensions.map(name => [name, data.values[name].findIndex(value => value[0] === "all")]));
const form = document.getElementById("choices");
const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const SPLITS = ["size_class", "sector", "category"];

const text = (name, place) => data.values[name][place][1];
const key = (name, place) => data.values[name][place][0];
const make = (tag, attributes = {}, content = "") => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = content;
  return element;
};

function options(name, rows) {
  return [...new Set(rows.map(row => row[at[name]]))].sort((one, other) => one - other);
}

// A list of choices stays on the page as long as it offers the same: a browser measures each option of a new one.
const boxes = new Map();
function choose(name, title, choices, chosen) {
  const offered = choices.map(([value]) => value).join("\n");
  if (!boxes.has(name)) boxes.set(name, make("label", {}, title));
  const box = boxes.get(name), select = box.lastElementChild;
  if (box.offered === offered) {
    select.value = chosen;
    return box;
  }
  box.offered = offered;
  const made = make("select", { name, id: "choice-" + name });
  for (const [value, words] of choices) {
    const option = make("option", { value }, words);
    option.selected = value === chosen;
    made.append(option);
  }
  if (select) select.replaceWith(made);
  else box.append(made);
  return box;
}

// Put the boxes in their order, and move none that stands where it should.
function arrange(wanted) {
  wanted.forEach((box, place) => {
    if (form.children[place] !== box) form.insertBefore(box, form.children[place] ?? null);
  });
  while (form.children.length > wanted.length) form.lastElementChild.remove();
}
const buttons = [["copy", words.explorer_copy], ["save", words.explorer_save]].map(([name, title]) => make("button", { type: "button", name }, title));

// One choice after another: each offers what the choices before it leave.
function narrow() {
  const focus = document.activeElement && document.activeElement.name;
  const wanted = [];
  let rows = data.rows;
  for (const name of ["indicator", "statistic", "rule_set"]) {
    const found = options(name, rows);
    const best = found.find(place => key(name, place) === state[name]) ?? found[0];
    state[name] = key(name, best);
    wanted.push(choose(name, data.names[name], found.map(place => [key(name, place), text(name, place)]), state[name]));
    rows = rows.filter(row => row[at[name]] === best);
  }
  const whole = rows.filter(row => SPLITS.every(name => row[at[name]] === all[name]));
  const splits = SPLITS.filter(name => rows.some(row => row[at[name]] !== all[name]));
  const choices = [...(whole.length ? [["none", words.explorer_no_split]] : []), ...splits.map(name => [name, data.names[name]])];
  if (!choices.some(([name]) => name === state.split)) state.split = choices[0][0];
  wanted.push(choose("split", words.explorer_classes, choices, state.split));
  for (const name of SPLITS) {
    if (name === state.split) {
      rows = rows.filter(row => row[at[name]] !== all[name]);
      continue;
    }
    const found = options(name, rows);
    if (found.length > 1) {
      const best = found.find(place => key(name, place) === state[name]) ?? found.find(place => place === all[name]) ?? found[0];
      wanted.push(choose(name, data.names[name], found.map(place => [key(name, place), text(name, place)]), key(name, best)));
      rows = rows.filter(row => row[at[name]] === best);
    }
  }
  const years = options("year", rows);
  if (years.length > 1) {
    const first = years.find(place => key("year", place) === state.from) ?? years[0];
    const last = years.find(place => key("year", place) === state.to) ?? years[years.length - 1];
    const list = years.map(place => [key("year", place), text("year", place)]);
    wanted.push(choose("from", words.explorer_from, list, key("year", first)));
    wanted.push(choose("to", words.explorer_to, list, key("year", last)));
    rows = rows.filter(row => row[at.year] >= first && row[at.year] <= last);
  }
  arrange([...wanted, ...buttons]);
  const again = focus && form.elements[focus];
  if (again && again !== document.activeElement) again.focus();
  return rows;
}

const className = row => state.split === "none" ? "" : text(state.split, row[at[state.split]]);

// Values that differ a hundredfold have a logarithmic scale.
const isWide = values => Math.min(...values) > 0 && Math.max(...values) > 100 * Math.min(...values);

function scale(values, size) {
  const turn = isWide(values) ? Math.log : value => value;
  const low = turn(Math.min(...values)), high = turn(Math.max(...values)), room = (high - low || Math.abs(high) || 1) * 0.08;
  return value => size * (turn(value) - low + room) / (high - low + 2 * room);
}

// Where no change lies: 100 of an index, 0 of what can be negative.
function reference(values) {
  const place = state.statistic === "index" ? 100 : 0;
  return Math.min(...values) < place && Math.max(...values) > place ? place : null;
}

function svg(w, h, inner, title) {
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="11"><title>${safe(title)}</title>${inner}</svg>`;
}
const safe = words => String(words).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);

function mark(x, y, place) {
  return place % 2 ? `<rect x="${x - 4}" y="${y - 4}" width="8" height="8" fill="#fff" stroke="${COLOURS[place % 5]}" stroke-width="2"/>` : `<circle cx="${x}" cy="${y}" r="4" fill="${COLOURS[place % 5]}"/>`;
}

// Several years are lines, a figure a class; one year is dots with their intervals, a line a class.
function draw(rows) {
  const box = document.getElementById("figure");
  box.textContent = "";
  const levels = rows.filter(row => !["difference", "ratio"].includes(key("group", row[at.group])));
  const drawn = levels.length ? levels : rows, shown = drawn.filter(row => row[ESTIMATE] !== null);
  if (!shown.length) return;
  const groups = options("group", drawn), classes = [...new Set(rows.map(className))], years = options("year", rows);
  const values = shown.flatMap(row => [row[ESTIMATE], row[LOW], row[HIGH]]).filter(value => value !== null);
  const legend = make("p", { id: "key" });
  groups.forEach((group, place) => {
    const one = make("span");
    one.innerHTML = `<svg width="26" height="12" aria-hidden="true"><line x1="0" x2="26" y1="6" y2="6" stroke="${COLOURS[place % 5]}" stroke-width="2" stroke-dasharray="${DASHES[place % 5]}"/>${mark(13, 6, place)}</svg> ${safe(text("group", group))}`;
    legend.append(one);
  });
  if (isWide(values)) legend.append(words.explorer_logarithmic);
  box.append(legend);
  if (years.length > 1) {
    const w = 320, h = 190, left = 8, top = 12, y = scale(values, h - 40);
    for (const name of classes) {
      const x = place => left + 12 + (w - 100) * years.indexOf(place) / (years.length - 1);
      let inner = years.map((year, place) => place % Math.ceil(years.length / 6) ? "" : `<text x="${x(year)}" y="${h - 6}" text-anchor="middle">${safe(text("year", year))}</text>`).join("");
      inner += `<line x1="${left}" x2="${w - 8}" y1="${h - 22}" y2="${h - 22}" stroke="#999"/>`;
      groups.forEach((group, place) => {
        const line = shown.filter(row => row[at.group] === group && className(row) === name).sort((one, other) => one[at.year] - other[at.year]);
        const spot = row => [x(row[at.year]), top + h - 40 - y(row[ESTIMATE])];
        for (const row of line) if (row[LOW] !== null) inner += `<line x1="${spot(row)[0]}" x2="${spot(row)[0]}" y1="${top + h - 40 - y(row[LOW])}" y2="${top + h - 40 - y(row[HIGH])}" stroke="${COLOURS[place % 5]}"/>`;
        line.forEach((row, number) => { // no line over a year that is not shown
          const next = line[number + 1];
          if (next && years.indexOf(next[at.year]) === years.indexOf(row[at.year]) + 1) inner += `<line x1="${spot(row)[0]}" y1="${spot(row)[1]}" x2="${spot(next)[0]}" y2="${spot(next)[1]}" stroke="${COLOURS[place % 5]}" stroke-width="2" stroke-dasharray="${DASHES[place % 5]}"/>`;
        });
        inner += line.map(row => mark(...spot(row), place)).join("");
        const last = line[line.length - 1];
        if (last) inner += `<text x="${spot(last)[0] + 7}" y="${spot(last)[1] + 4}" fill="${COLOURS[place % 5]}">${safe(last[TEXT])}</text>`;
      });
      const figure = make("figure");
      figure.append(make("figcaption", {}, name));
      figure.insertAdjacentHTML("beforeend", svg(w, h, inner, `${words.explorer_figure} ${name}`));
      box.append(figure);
    }
    return;
  }
  const w = 900, left = 260, step = 20, x = scale(values, w - left - 130);
  let inner = "", y = 16;
  for (const name of classes) {
    inner += `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${safe(name.slice(0, 42))}</text>`;
    groups.forEach((group, place) => {
      const row = shown.find(row => row[at.group] === group && className(row) === name);
      if (row) {
        if (row[LOW] !== null) inner += `<line x1="${left + x(row[LOW])}" x2="${left + x(row[HIGH])}" y1="${y}" y2="${y}" stroke="${COLOURS[place % 5]}" stroke-width="2"/>`;
        inner += mark(left + x(row[ESTIMATE]), y, place) + `<text x="${w - 120}" y="${y + 4}" fill="${COLOURS[place % 5]}">${safe(row[TEXT])}</text>`;
      }
      y += step;
    });
    y += 8;
  }
  const none = reference(values);
  if (none !== null) inner = `<line x1="${left + x(none)}" x2="${left + x(none)}" y1="4" y2="${y}" stroke="#777" stroke-dasharray="3 3"/>` + inner;
  box.insertAdjacentHTML("beforeend", svg(w, y, inner, words.explorer_figure));
}

function tabulate(rows) {
  const place = document.getElementById("table");
  place.textContent = "";
  const groups = options("group", rows), years = options("year", rows);
  const split = state.split !== "none", timed = years.length > 1;
  const table = make("table"), head = make("tr"), body = make("tbody");
  const units = [...new Set(rows.map(row => row[UNIT]))].join(", ");
  const chosen = form.elements.indicator, about = chosen.options[chosen.selectedIndex].textContent;
  const fixed = [...SPLITS, "year"].filter(name => name !== state.split).flatMap(name => {
    const found = options(name, rows); // what all numbers have in common, chosen or not
    return found.length === 1 && found[0] !== all[name] ? [text(name, found[0])] : [];
  });
  table.append(make("caption", {}, [`${about} (${units})`, ...fixed].join(" · ")));
  head.append(make("th", { scope: "col" }, split ? data.names[state.split] : data.names.indicator));
  if (timed) head.append(make("th", { scope: "col" }, data.names.year));
  for (const group of groups) head.append(make("th", { scope: "col" }, text("group", group)));
  const lines = new Map();
  for (const row of rows) {
    const name = [split ? row[at[state.split]] : 0, row[at.year]].join();
    if (!lines.has(name)) lines.set(name, []);
    lines.get(name).push(row);
  }
  const order = (one, other) => one[0].split(",").reduce((found, value, place) => found || value - other[0].split(",")[place], 0);
  for (const [, line] of [...lines].sort(order)) {
    const written = make("tr");
    written.append(make("th", { scope: "row" }, className(line[0]) || about));
    if (timed) written.append(make("td", {}, text("year", line[0][at.year])));
    for (const group of groups) {
      const cell = make("td"), row = line.find(one => one[at.group] === group);
      if (row) {
        cell.append(row[TEXT]);
        for (const more of [row[INTERVAL], row[UNITS]]) if (more) cell.append(" ", make("small", {}, more));
      }
      written.append(cell);
    }
    body.append(written);
  }
  const top = make("thead");
  top.append(head);
  table.append(top, body);
  place.append(table);
}

function cite(rows) {
  const place = document.getElementById("sources");
  place.textContent = "";
  for (const number of new Set(rows.map(row => row[SOURCE]))) {
    const [title, evidence, cannot, name] = data.exhibits[number];
    place.append(make("p", {}, `${words.explorer_found_in}: ${title} (${name}). ${words.report_evidence.replace("{evidence}", evidence)} ${cannot}`));
  }
}

function say(words) {
  document.getElementById("said").textContent = words;
}

function show() {
  const rows = narrow();
  tabulate(rows);
  draw(rows);
  cite(rows);
  say(words.explorer_count.replace("{n}", rows.length));
  history.replaceState(null, "", "#" + new URLSearchParams(state));
}

// What is copied or saved says what it is: that it is simulated, what was chosen, where it is from.
function described() {
  const banner = document.querySelector(".banner");
  const chosen = [...form.querySelectorAll("label")].map(box => `${box.firstChild.textContent}: ${box.lastChild.selectedOptions[0].textContent}`);
  return [...(banner ? [banner.textContent] : []), document.querySelector("#table caption").textContent, chosen.join("; ")];
}
const sources = () => [...document.querySelectorAll("#sources p")].map(one => one.textContent);

function copy() {
  const lines = [...document.querySelectorAll("#table tr")].map(line => [...line.children].map(cell => cell.textContent.trim()).join("\t"));
  const area = make("textarea", { "aria-hidden": "true", style: "position:fixed;opacity:0" });
  area.value = [...described(), ...lines, ...sources()].join("\n");
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  say(words.explorer_copied);
}

// All panels in one picture, with what the page writes around them.
function picture() {
  const panels = [...document.querySelectorAll("#figure > svg, #figure figure svg")];
  const beside = panels.length > 1 ? 2 : 1, w = 960;
  let inner = "", y = 6;
  const write = (line, weight) => {
    for (const part of line.match(/\S.{0,139}(?=\s|$)|\S+/g) ?? []) inner += `<text x="8" y="${y += 16}" font-weight="${weight}">${safe(part)}</text>`;
  };
  described().forEach((line, place) => write(line, place ? "normal" : "bold"));
  y += 10;
  for (const span of document.querySelectorAll("#key span")) {
    const sign = span.firstElementChild.cloneNode(true);
    sign.setAttribute("x", 8);
    sign.setAttribute("y", y);
    inner += sign.outerHTML + `<text x="40" y="${y + 10}">${safe(span.textContent.trim())}</text>`;
    y += 16;
  }
  panels.forEach((panel, place) => {
    const placed = panel.cloneNode(true), name = panel.parentElement.querySelector("figcaption"), left = 8 + (place % beside) * 470;
    if (place % beside === 0 && place) y += +panel.getAttribute("height") + 26;
    placed.setAttribute("x", left);
    placed.setAttribute("y", y + 22);
    inner += (name ? `<text x="${left}" y="${y + 16}" font-weight="bold">${safe(name.textContent)}</text>` : "") + placed.outerHTML;
  });
  y += +panels[0].getAttribute("height") + 26;
  for (const line of sources()) write(line, "normal");
  return svg(w, y + 12, `<rect width="100%" height="100%" fill="#fff"/>${inner}`, described().join(". "));
}

function save() {
  if (!document.querySelector("#figure svg")) return;
  make("a", { download: "figure.svg", href: URL.createObjectURL(new Blob([picture()], { type: "image/svg+xml" })) }).click();
}

form.addEventListener("change", event => { state[event.target.name] = event.target.value; show(); });
form.addEventListener("click", event => { if (event.target.name === "copy") copy(); if (event.target.name === "save") save(); });
form.addEventListener("submit", event => event.preventDefault());
show();
