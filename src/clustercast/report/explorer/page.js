// The page: sliders, what they do to the model, and what is shown of it.

import { isUncertain, named } from "./quantiles.js";
import { Answers, reached } from "./answers.js";
import { Engine, unpacked } from "./engine.js";
import { shareMissing } from "./summaries.js";
import { chance, escaped, human, interval, odds, round } from "./words.js";
import { bars, ending, fan, spread } from "./charts.js";
import { Choice, Slider, Switch } from "./widgets.js";
import { fromFragment, toCsv, toFragment, toPython, toToml } from "./export.js";

const FAST = 4096, FULL = 16384, SHOWN = 8, EXPLAINED = 7;
const $ = (id) => document.getElementById(id);

const data = unpacked(JSON.parse($("data").textContent));
const engine = new Engine(data, { plain: location.hash.includes("engine=plain") });
const answers = new Answers(engine);
const START = { set: data.worlds[0].set, scenario: data.worlds[0].scenario, output: data.outputs[0].name, year: data.year, moves: named(), ghost: false };
let state = fromFragment(location.hash, START, data);
let last = null;        // what the last run gave
let ghosts = new Map(); // what the start gave, by output
const widgets = new Map();
const host = {
  get world() { return worldOf(state); },
  get moves() { return state.moves; },
  dragged, settled,
};

const worldOf = (one) => answers.world(one);
const outputOf = (one) => answers.output(one);

// The levels of the table: those given, else what a run reaches often, half the time and seldom; and the one asked about.
function levelsOf(output, result) {
  const say = (value) => [round(value, output.unit, output.share), value];
  const band = result.bands[result.place];
  const levels = output.levels.length ? [...output.levels] : [...new Set([band[1], band[2], band[4]].map((value) => Number(value.toPrecision(1))))].map(say);
  const asked = state.level ?? levels[Math.min(1, levels.length - 1)][1];
  if (!levels.some(([, value]) => value === asked)) levels.push(say(asked));
  return { asked, levels: levels.sort((one, two) => one[1] - two[1]) };
}

// The levels that can be asked about: those of the table, and 1, 2, 5, 10, ... about what is reached.
function choicesOf(output, result) {
  const { asked, levels } = levelsOf(output, result), ladder = [];
  const low = result.bands[result.place][0] / 2, high = 4 * result.bands[result.bands.length - 1][4];
  if (low > 0) for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const part of [1, 2, 5]) ladder.push(Number(`${part}e${power}`));
  }
  const isNew = (value) => value >= low && value <= (output.share ? 1 : high) && !levels.some(([, one]) => Math.abs(one - value) < 1e-9 * value);
  const more = ladder.filter(isNew).map((value) => [round(value, output.unit, output.share), value]);
  return { asked, choices: [...levels, ...more].sort((one, two) => one[1] - two[1]) };
}

// ---------------------------------------------------------------- what is shown of a run

function show(result) {
  last = result;
  const output = outputOf(state), timed = result.rows.length > 1;
  const when = timed ? ` in ${state.year}` : "";
  $("question").textContent = output.question.replace("{}", state.year);
  const band = result.bands[result.place];
  const isFinite = (one) => one.every(Number.isFinite), answered = isFinite(band);
  $("about").textContent = `${result.size.toLocaleString("en")} runs of the model itself in ${result.took.toFixed(0)} ms (${result.kind}, ${data.programs[worldOf(state).program].code.operations.length.toLocaleString("en")} array operations traced from the Python functions); seed ${data.seed}; clustercast ${data.version}.${data.currency ? ` Money: ${data.currency}.` : ""}`;
  document.body.classList.toggle("unanswered", !answered);
  if (!answered) {
    $("answer").textContent = `There is no answer: ${chance(shareMissing(result.rows[result.place]))} of runs give no finite number${when}. Move or pin what makes them so.`;
    return;
  }
  if (!$("level").childElementCount) buildChoices();
  const say = (value) => human(value, output.unit, output.share);
  const { asked: level, levels } = levelsOf(output, result);
  const [name] = levels.find(([, value]) => value === level);
  const by = timed ? ` by ${state.year}` : "";
  const likely = odds(reached(result.rows, result.place, level));
  const free = result.trend ? ` (without limits: ${odds(reached(result.trendRows, result.place, level))})` : "";
  const subject = output.verb.replace("{}", `about <b>${escaped(say(band[2]))}</b>`);
  const sentence = `${timed ? `In ${state.year} ` : ""}${escaped(output.subject)} ${subject}; nine runs in ten give ${escaped(interval(band[0], band[4], output.unit, output.share))}. ${escaped(name)} or more${by}: <b>${likely}</b>${free}.`;
  $("answer").innerHTML = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  const ghost = state.ghost ? ghosts.get(`${state.output} ${state.year}`) : null;
  const seen = data.observed.filter((row) => row.output === output.name);
  const unit = ending(say(band[2])).slice(1) && `${ending(say(band[2])).slice(1)}; `;
  $("fan-title").innerHTML = timed ? `${escaped(output.label)} <span class="soft">${escaped(unit)}median, 50 and 90 % of runs${result.trend ? "; dashed: the trend, without limits" : ""}${seen.length ? "; marks: observed (△ at least)" : ""}${ghost ? "; brown: the start" : ""}</span>` : escaped(output.label);
  const width = Math.max(300, Math.round($("fan").clientWidth)), height = width < 500 ? 240 : 262;
  const title = `${output.label}${when}: ${say(band[2])}, 90 % interval ${interval(band[0], band[4], output.unit, output.share)}`;
  const common = { unit: output.unit, share: output.share, title };
  const drawn = (list) => list && list.filter((_, place) => isFinite(result.bands[place]));
  const old = ghost && ghost.bands.every(isFinite) ? ghost.bands : null;
  $("fan").innerHTML = timed && drawn(data.years).length > 1
    ? fan({ ...common, ghost: drawn(old), years: drawn(data.years), bands: drawn(result.bands), trend: drawn(result.trend), observed: seen, today: data.today, year: state.year }, width, height)
    : spread({ ...common, ghost: old && old[result.place], values: result.rows[result.place], band }, width, height);
  showChances(result, levels, level, timed, ghost);
  showHolds(result, when, ghost);
  $("hangs-title").innerHTML = `What the answer hangs on <span class="soft">share of variance</span>`;
  const before = ghost ? new Map(ghost.hangs.map(({ name: key, index }) => [key, Math.max(0, index)])) : null;
  const world = worldOf(state);
  $("hangs").innerHTML = bars(result.hangs.slice(0, EXPLAINED).filter(({ index }) => index > 0.002).map(({ name: key, index, error }) => ({
    name: world.inputs[key].label, title: world.inputs[key].meaning, share: index, start: before ? before.get(key) : undefined,
    text: `${(100 * index).toFixed(0)} ± ${(196 * error).toFixed(196 * error < 0.5 ? 1 : 0)} %`,
  })));
}

function showChances(result, levels, asked, timed, ghost) {
  if (!timed) {
    $("chances").innerHTML = bars(levels.map(([name, level]) => { const p = reached(result.rows, 0, level); return { name: `${name} or more`, share: p, text: odds(p) }; }));
    return;
  }
  const last = data.years[data.years.length - 1];
  const years = [...new Set([data.years.find((year) => year === state.year - 2), state.year, last].filter(Boolean))];
  const head = `<tr><th scope="col">At least, by</th>${years.map((year) => `<th scope="col" class="number">${year}</th>`).join("")}</tr>`;
  const cell = (level, year) => {
    const place = data.years.indexOf(year);
    const old = ghost ? `<span class="start">${chance(reached(ghost.rows, place, level))}</span>` : "";
    const p = reached(result.rows, place, level);
    return `<td class="number" title="${chance(p)}">${p < 0.001 ? "&lt; 1 in 1,000" : p > 0.999 ? "near certain" : odds(p)}${old}</td>`;
  };
  $("chances").innerHTML = `<table class="grid">${head}${levels.map(([name, level]) => `<tr${level === asked ? ' class="asked"' : ""}><th scope="row">${escaped(name)}</th>${years.map((year) => cell(level, year)).join("")}</tr>`).join("")}</table>`;
}

function showHolds(result, when, ghost) {
  $("holds-box").hidden = !result.holds;
  if (!result.holds) return;
  $("holds-title").innerHTML = `What holds it back${when} <span class="soft">share of runs</span>`;
  const rows = result.holds.map((share, i) => ({ name: data.holds.labels[i] === "trend" ? "nothing (trend)" : data.holds.labels[i].replace(/_/g, " "), share, text: chance(share), start: ghost ? ghost.holds[i] : undefined }));
  $("holds").innerHTML = bars(rows.filter(({ share, start }) => share > 0.0005 || start > 0.0005).sort((a, b) => b.share - a.share).slice(0, EXPLAINED));
}

// ---------------------------------------------------------------- running

let running = false, wanted = 0, soon = 0;

async function update(size) {
  wanted = Math.max(size, wanted);
  if (running) return;
  running = true;
  try {
    while (wanted) {
      const now = wanted, key = `${state.output} ${state.year}`;
      wanted = 0;
      if (state.ghost && !ghosts.has(key)) ghosts.set(key, await answers.of({ ...START, output: state.output, year: state.year }, FULL));
      show(await answers.of(state, now));
      await new Promise((done) => { setTimeout(done, 0); });
    }
  } finally {
    running = false;
  }
  document.body.dataset.size = last.size;
}

// While something is dragged: the quick run at once, the full one and the address when it rests.
function dragged() {
  delete document.body.dataset.size;
  clearTimeout(soon);
  update(FAST);
  soon = setTimeout(settled, 250);
}

function settled() {
  clearTimeout(soon);
  delete document.body.dataset.size;
  try {
    history.replaceState(null, "", `#${toFragment(state)}`);
  } catch { /* a page inside a frame has no address of its own */ }
  update(FULL);
}

// ---------------------------------------------------------------- building

// The inputs that have a slider, those first on whose total index the answer depends most; what was moved comes along.
function ranked(world, names) {
  const totals = answers.totals(state), live = new Map(last.hangs.map(({ name, index }) => [name, index]));
  const score = (name) => [totals[name] || 0, live.get(name) || 0];
  const free = names.filter((name) => isUncertain(world.inputs[name]) && !world.inputs[name].switch);
  return free.sort((one, two) => score(two)[0] - score(one)[0] || score(two)[1] - score(one)[1]);
}

function build() {
  widgets.clear();
  for (const id of ["sliders", "others", "limits"]) $(id).replaceChildren();
  const world = worldOf(state), names = data.programs[world.program].names.filter((name) => name in world.inputs);
  const add = (id, name, widget) => { widgets.set(name, widget); $(id).append(widget.element); };
  const switches = names.filter((one) => world.inputs[one].switch), isLimit = (name) => name.startsWith("limit_");
  for (const name of switches.filter(isLimit)) add("limits", name, new Switch(host, name, name.slice(6).replace(/_/g, " ")));
  $("limits-box").hidden = !$("limits").childElementCount;
  const all = ranked(world, names), sliding = all.filter((name) => world.inputs[name].kind !== "discrete");
  const first = new Set(sliding.filter((name, place) => place < SHOWN || name in state.moves));
  for (const name of first) add("sliders", name, new Slider(host, name));
  const others = [...switches.filter((name) => !isLimit(name)), ...all.filter((name) => !first.has(name))];
  $("more").hidden = !others.length;
  $("more").querySelector("summary").textContent = others.length === 1 ? "One more input" : `${others.length} more inputs`;
  const open = () => {
    if (!$("more").open || $("others").childElementCount) return;
    for (const name of others) {
      const { kind, switch: isSwitch, label } = world.inputs[name];
      add("others", name, isSwitch ? new Switch(host, name, label) : kind === "discrete" ? new Choice(host, name) : new Slider(host, name));
    }
  };
  $("more").ontoggle = open;
  open();
}

function buildChoices() {
  const sets = [...new Map(data.worlds.map((world) => [world.set, world])).values()];
  $("sets").replaceChildren(...(sets.length > 1 ? sets : []).map((world) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = data.worlds.find((one) => one.set === world.set && !one.scenario).title;
    button.setAttribute("aria-pressed", String(world.set === state.set));
    button.addEventListener("click", () => choose({ set: world.set }));
    return button;
  }));
  $("sets").hidden = sets.length < 2;
  const own = data.worlds.filter((world) => world.set === state.set);
  $("scenario").replaceChildren(...own.map((world) => new Option(world.scenario ? world.title : "As it stands", world.scenario, false, world.scenario === state.scenario)));
  $("scenario-label").hidden = own.length < 2;
  $("why").textContent = worldOf(state).why;
  $("why").hidden = !worldOf(state).why;
  $("output").replaceChildren(...data.outputs.map((output) => new Option(output.label.toLowerCase().replace(/\bai\b/g, "AI"), output.name, false, output.name === state.output)));
  $("output").parentElement.hidden = data.outputs.length < 2;
  const timed = data.programs[0].outputs[state.output][1] > 1;
  $("year").replaceChildren(...data.years.map((year) => new Option(year, year, false, year === state.year)));
  $("year").parentElement.hidden = !timed;
  const { asked, choices } = last.bands[last.place].every(Number.isFinite) ? choicesOf(outputOf(state), last) : { choices: [] };
  $("level").replaceChildren(...choices.map(([name, value]) => new Option(name, value, false, value === asked)));
  $("ghost").checked = state.ghost;
}

// Another world, output, year or level: the sliders are chosen anew by what the answer then hangs on.
async function choose(change, again = true) {
  Object.assign(state, change);
  if (!worldOf(state)) state.scenario = "";
  for (const name of Object.keys(state.moves)) {
    const prior = worldOf(state).inputs[name];
    if (!prior || prior.kind === "unused" || (prior.kind === "fixed" && !prior.switch)) delete state.moves[name];
  }
  if (again) {
    last = await answers.of(state, FAST);
    build();
  }
  buildChoices();
  settled();
}

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function showText(title, text, name) {
  $("text-title").textContent = title;
  $("text").textContent = text;
  $("text-save").onclick = () => save(name, text, "text/plain");
  $("text-box").showModal();
}

// The chart by itself, its colours written out.
function chartText() {
  const style = getComputedStyle(document.documentElement);
  const text = $("fan").innerHTML.replace(/var\((--\w+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  return text.replace("</title>", `</title><rect width="100%" height="100%" fill="${style.getPropertyValue("--paper").trim()}"/>`);
}

function savePng() {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save("explorer.png", blob));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(chartText())}`;
}

const copy = async (text, said) => {
  try {
    await navigator.clipboard.writeText(text);
    $("note").textContent = said;
  } catch {
    $("note").textContent = "The browser does not let the page copy; take it from the address bar or by hand.";
  }
};

// Light, dark, or as the system has it.
function colour(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function bind() {
  $("scenario").addEventListener("change", () => choose({ scenario: $("scenario").value }));
  $("output").addEventListener("change", () => choose({ output: $("output").value, level: undefined }));
  $("year").addEventListener("change", () => choose({ year: Number($("year").value) }));
  $("level").addEventListener("change", () => choose({ level: Number($("level").value) }, false));
  $("ghost").addEventListener("change", () => choose({ ghost: $("ghost").checked }, false));
  $("reset").addEventListener("click", () => choose({ set: START.set, scenario: START.scenario, moves: named() }));
  $("link").addEventListener("click", () => { settled(); copy(location.href, "Link copied."); });
  $("python").addEventListener("click", () => showText("Python that computes these numbers", toPython(state, data, levelsOf(outputOf(state), last).asked, FULL), "explorer.py"));
  $("toml").addEventListener("click", () => showText("A scenario file with these inputs", toToml(state, data, worldOf(state), data.worlds.find((world) => world.set === state.set && !world.scenario)), "explorer.toml"));
  $("csv").addEventListener("click", () => save("explorer.csv", toCsv(last, outputOf(state), data), "text/csv"));
  $("svg").addEventListener("click", () => save("explorer.svg", chartText(), "image/svg+xml"));
  $("png").addEventListener("click", savePng);
  $("text-copy").addEventListener("click", () => copy($("text").textContent, "Copied."));
  $("text-close").addEventListener("click", () => $("text-box").close());
  addEventListener("hashchange", () => { if (location.hash.slice(1) !== toFragment(state)) { state = fromFragment(location.hash, START, data); choose({}); } });
  // A page that shows this one in a frame may choose the colours, as in postMessage({ theme: "dark" }, "*").
  addEventListener("message", ({ source, data: sent }) => { if (source === parent && sent && typeof sent === "object") colour(sent.theme); });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width && last) { width = innerWidth; show(last); } });
}

colour(state.theme);
bind();
choose({});
