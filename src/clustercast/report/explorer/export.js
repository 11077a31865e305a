// The state as a link, as Python, as a prior file, and the numbers as a table.

import { named, quantileOf } from "./quantiles.js";

const number = (value) => String(value).replace("Infinity", "inf");

// The state as the fragment of an address, and back.
export function toFragment(state) {
  const moves = Object.entries(state.moves).map(([name, move]) => `${name}:${"value" in move ? `=${number(move.value)}` : `${number(move.shift)},${number(move.width)}`}`);
  const parts = { set: state.set, scenario: state.scenario, ask: state.output, year: state.year, level: state.level, moves: moves.join(";"), ghost: state.ghost ? 1 : "", theme: state.theme };
  return Object.entries(parts).filter(([, value]) => value !== "" && value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%3A/g, ":").replace(/%3B/g, ";").replace(/%2C/g, ",").replace(/%3D/g, "=")}`).join("&");
}

// Whether a slider, a choice or a switch could have made a move: inside the support and the bounds of its input.
function fits(prior, move) {
  if (!Object.values(move).every(Number.isFinite) || !(move.width === undefined || (move.width >= 0.05 && move.width <= 5))) return false;
  if (prior.kind === "discrete" || prior.switch) return (prior.switch ? [0, 1] : prior.values).includes(move.value);
  const middle = quantileOf(prior, move, 0.5);
  const beyond = (end, side) => end !== null && (side ? middle - end : end - middle) > 5e-4 * Math.abs(middle);
  return Number.isFinite(middle) && ![prior.ends || [], prior.bounds || []].some((ends) => ends.some(beyond));
}

export function fromFragment(text, start, data) {
  const given = Object.fromEntries(text.replace(/^#/, "").split("&").filter(Boolean).map((part) => {
    const place = part.indexOf("=");
    try {
      return [part.slice(0, place), decodeURIComponent(part.slice(place + 1))];
    } catch {
      return ["", ""];
    }
  }));
  const state = { ...start, moves: named() };
  const world = data.worlds.find((one) => one.set === (given.set ?? start.set) && one.scenario === (given.scenario ?? (given.set === undefined ? start.scenario : "")));
  if (world) Object.assign(state, { set: world.set, scenario: world.scenario });
  if (data.outputs.some((output) => output.name === given.ask)) state.output = given.ask;
  if (data.years.includes(Number(given.year))) state.year = Number(given.year);
  state.ghost = given.ghost === "1";
  if (given.theme === "light" || given.theme === "dark") state.theme = given.theme;
  state.level = given.level && Number.isFinite(Number(given.level)) ? Number(given.level) : undefined;
  for (const part of (given.moves || "").split(";").filter(Boolean)) {
    const [name, text = ""] = part.split(":");
    const prior = (world || data.worlds[0]).inputs[name];
    const move = text.startsWith("=") ? { value: Number(text.slice(1)) } : { shift: Number(text.split(",")[0]), width: Number(text.split(",")[1] ?? 1) };
    if (prior && prior.kind !== "unused" && (prior.kind !== "fixed" || "value" in move) && fits(prior, move)) state.moves[name] = move;
  }
  return state;
}

const quoted = (text) => JSON.stringify(text);

// Lines of Python that compute the same numbers: the quantiles of the answer, and the chance of a level.
export function toPython(state, data, level, size) {
  const lines = ["import clustercast as cc", ""], name = quoted(state.output), timed = data.programs[0].outputs[state.output][1] > 1;
  const scenario = state.scenario ? `, scenario=${quoted(state.scenario)}` : "";
  lines.push(state.set ? `priors = cc.read_priors(${quoted(state.set)}${scenario})` : "# priors and model: your own, as given to cc.explore");
  const moves = Object.entries(state.moves);
  if (moves.length) {
    lines.push("priors = priors.replace(");
    for (const [input, move] of moves) {
      lines.push("value" in move ? `    ${input}=${number(move.value)},` : `    ${input}=cc.Moved(priors[${quoted(input)}], shift=${number(move.shift)}, width=${number(move.width)}),`);
    }
    lines.push(")");
  }
  lines.push(`outputs = [${name}]`);
  if (state.set) lines.push("model = cc.cluster_model()");
  lines.push(`inputs = cc.draw(priors, ${size}, design="sobol", seed=${data.seed})`);
  lines.push("needed = model.inputs(outputs)", `used = [name for name in inputs.data_vars if name.partition("_from_")[0] in needed]`);
  lines.push(`forecast = cc.propagate(inputs[used], model=model, outputs=outputs, years=[${data.years.join(", ")}])[${name}]`);
  lines.push(`summary = cc.summarise(forecast.to_dataset())[${name}]`);
  lines.push(`print(summary${timed ? `.sel(year=${state.year})` : ""}.sel(quantile=[0.05, 0.5, 0.95]).values)`);
  const times = timed ? [`.sel(year=slice(None, ${state.year}))`, '.any("year")'] : ["", ""];
  lines.push(`print((forecast${times[0]} >= ${number(level)})${times[1]}.mean().item())`);
  return `${lines.join("\n")}\n`;
}

// A scenario file that holds every change: cc.read_priors(SET, scenario="explorer.toml") reads it.
export function toToml(state, data, world, base) {
  const lines = [`# cc.read_priors(${quoted(state.set || "SET")}, scenario="explorer.toml")`, "", "[scenario]", 'title = "From the explorer"',
    `why = ${quoted(state.scenario ? `${world.title}, and what was moved by hand.` : "What was moved by hand.")}`,
    `as_of = ${quoted(data.asOf || "2026-11")}`, 'source = "The explorer"'];
  const changed = Object.keys(world.inputs).filter((name) => state.moves[name] || (world.inputs[name].toml && (!base.inputs[name] || base.inputs[name].id !== world.inputs[name].id)));
  // A scenario has an input at least: where nothing was moved one stands there as it is.
  if (!changed.length) changed.push(Object.keys(world.inputs).find((name) => world.inputs[name].toml));
  for (const name of changed) {
    const prior = world.inputs[name], move = state.moves[name];
    const date = /^(.+)_from_(\d{4})(?:_(\d+))?$/.exec(name);
    lines.push("", `[inputs.${date && !base.inputs[name] ? date[1] : name}]`);
    if (date && !base.inputs[name]) lines.push(`from = ${date[2]}.${date[3] || 0}`);
    if (move && "value" in move) lines.push('family = "fixed"', `value = ${decimal(move.value)}`);
    else if (move && !prior.toml) lines.pop();
    else if (move) lines.push('family = "moved"', `base = ${prior.toml}`, `shift = ${decimal(move.shift)}`, `width = ${decimal(move.width)}`);
    else lines.push(...prior.toml.slice(2, -2).replace(/, (\w+ = )/g, "\n$1").split("\n"));
    if (move && !("value" in move) && !prior.toml) {
      lines.push(`# ${name} is moved, but a file cannot hold its distribution: take the Python lines.`);
      continue;
    }
    lines.push(`unit = ${quoted(prior.unit)}`, `source = ${quoted(move ? "Moved by hand in the explorer" : prior.source || "The scenario")}`, `as_of = ${quoted(prior.asOf || data.asOf || "2026-11")}`);
  }
  return `${lines.join("\n")}\n`;
}

const decimal = (value) => (Number.isInteger(value) ? `${value}.0` : number(value));

// The quantiles by year.
export function toCsv(result, output, data) {
  const head = "output,unit,year,q05,q25,q50,q75,q95,trend_q50";
  const rows = result.bands.map((band, i) => [output.name, output.unit, result.bands.length > 1 ? data.years[i] : "", ...band, result.trend ? result.trend[i] : ""].join(","));
  return `${[head, ...rows].join("\n")}\n`;
}
