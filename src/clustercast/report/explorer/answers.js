// What a state of the page comes to: the bands of the fan, the trend, what holds it back, what the answer hangs on.

import { bins, firstOrder, labelShares, quantiles, shareAbove } from "./summaries.js";

const PROBABILITIES = [0.05, 0.25, 0.5, 0.75, 0.95];

export class Answers {
  constructor(engine) {
    Object.assign(this, { engine, data: engine.data, binned: new Map() });
  }

  world(one) { return this.data.worlds.find((world) => world.set === one.set && world.scenario === one.scenario); }

  output(one) { return this.data.outputs.find((output) => output.name === one.output); }

  // The total index of each input that matters to the output in its year, as Python computed it for the prior set as it stands.
  totals(one) {
    const program = this.data.programs[this.world(one).program], rows = program.totals[one.output] || [];
    return rows[rows.length > 1 ? this.data.years.indexOf(one.year) : 0] || {};
  }

  // Bins of an input's samples, kept as long as its points are the same.
  bins(name, { u, z }, size) {
    const key = `${name} ${size}`, kept = this.binned.get(key);
    if (!kept || kept.z !== z) this.binned.set(key, { z, ...bins(u && u.subarray(0, size), z.subarray(0, size)) });
    return this.binned.get(key);
  }

  async of(one, size) {
    const { data } = this, output = this.output(one);
    const began = performance.now();
    const run = await this.engine.run(this.world(one), one.moves, size);
    const rows = run.rows(output.name, output.factor);
    const trendRows = run.rows(`trend_${output.name}`, output.factor);
    const bands = rows.map((row) => quantiles(row, PROBABILITIES));
    const trend = trendRows.length ? trendRows.map((row) => quantiles(row, [0.5])[0]) : null;
    const differs = trend && trend.some((value, i) => Math.abs(value - bands[i][2]) > 0.02 * Math.abs(bands[i][2]));
    const place = rows.length > 1 ? data.years.indexOf(one.year) : 0;
    const names = Object.keys(run.inputs);
    const result = firstOrder(names.map((name) => this.bins(name, run.inputs[name], size)), rows[place]);
    const hangs = names.map((name, i) => ({ name, ...result[i] })).sort((a, b) => b.index - a.index);
    const labels = data.holds ? run.rows(data.holds.name) : [];
    const holds = labels.length ? labelShares(labels[labels.length > 1 ? data.years.indexOf(one.year) : 0], data.holds.labels.length) : null;
    return { one, size, kind: run.kind, rows, trendRows, bands, trend: differs ? trend : null, place, hangs, holds, took: performance.now() - began };
  }
}

// The share of runs in which a level is reached by a year.
export function reached(rows, place, level) {
  if (rows.length === 1) return shareAbove(rows[0], level);
  let count = 0;
  for (let i = 0; i < rows[0].length; i++) {
    let year = 0;
    while (year <= place && !(rows[year][i] >= level)) year++;
    count += year <= place;
  }
  return count / rows[0].length;
}
