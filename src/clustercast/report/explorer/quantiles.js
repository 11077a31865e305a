// Quantiles of the priors, and how a slider moves them: the same as the family cc.Moved.

import { Points, normalScore, tails } from "./points.js";

// Values by name that knows no other names: an input may be called constructor or toString.
export const named = (...parts) => Object.assign(Object.create(null), ...parts);

// A scale has an end or none on either side: null is none.
export function bounded(y, [low, high]) {
  if (low === null && high === null) return y;
  if (high === null) return low + Math.exp(y);
  if (low === null) return high - Math.exp(-y);
  // The distance to the nearer end, so that none of its digits is lost beside the end.
  const odds = Math.exp(-Math.abs(y));
  const distance = (high - low) * odds / (1 + odds);
  return Math.min(Math.max(y > 0 ? high - distance : low + distance, low), high);
}

export function unbounded(x, [low, high]) {
  if (low === null && high === null) return x;
  if (high === null) return Math.log(x - low);
  if (low === null) return -Math.log(high - x);
  return Math.log(x - low) - Math.log(high - x);
}

// The sum of a Chebyshev series at t from -1 to 1 (Clenshaw).
function chebyshev(series, t) {
  let one = 0, two = 0;
  for (let n = series.length - 1; n > 0; n--) {
    const next = 2 * t * one - two + series[n];
    two = one;
    one = next;
  }
  return t * one - two + series[0];
}

// A series for each piece between the knots of normal scores.
function tabulated({ knots, series }, z) {
  const at = Math.min(Math.max(z, knots[0]), knots[knots.length - 1]);
  let piece = 0;
  while (piece < series.length - 1 && at > knots[piece + 1]) piece++;
  const [low, high] = [knots[piece], knots[piece + 1]];
  return chebyshev(series[piece], (2 * at - low - high) / (high - low));
}

// The quantile at a normal score, or at both tails where those are known better.
export function quantile(prior, z, p, q) {
  switch (prior.kind) {
    case "fixed": return prior.value;
    case "line": return bounded(prior.scale * z + prior.location, prior.ends);
    case "metalog": {
      if (p === undefined) [p, q] = tails(z);
      const [location, scale, skewness = 0] = prior.coefficients;
      return bounded((Math.log(p) - Math.log(q)) * (scale + skewness * (p - 0.5)) + location, prior.ends);
    }
    case "discrete": {
      if (p === undefined) [p] = tails(z);
      let place = 0;
      while (place < prior.values.length - 1 && p > prior.sums[place]) place++;
      return prior.values[place];
    }
    default: return bounded(tabulated(prior, z), prior.ends);
  }
}

// What a slider makes of quantiles: the scale is shifted, and spread about the median.
export function mover(prior, move) {
  if (!move || prior.kind === "fixed") return (x) => x;
  const { ends } = prior, middle = unbounded(quantile(prior, 0, 0.5, 0.5), ends);
  return (x) => bounded(middle + move.width * (unbounded(x, ends) - middle) + move.shift, ends);
}

export const isUncertain = (prior) => prior.kind !== "fixed";

// The quantile of an input as it stands, at a probability.
export function quantileOf(prior, move, p) {
  if (move && "value" in move) return move.value;
  return mover(prior, move)(quantile(prior, normalScore(p), p, 1 - p));
}

// Samples of inputs on Sobol' points, up to `most`: what was not moved since the last time is kept.
export class Sampler {
  constructor(columns, most) {
    Object.assign(this, { columns, most, points: new Map(), kept: new Map() });
  }

  column(number, size) {
    if (!this.points.has(number)) this.points.set(number, new Points(this.columns[number], this.most));
    return this.points.get(number).upto(size);
  }

  // Values, uniforms and scores of each named input, of which the first `size` are filled. `world` is {inputs: {name: prior},
  // order: [name], correlations: [[i, j, gaussian]]}; `moves` has {shift, width} or {value} by name.
  draw(world, moves, names, size) {
    const isFree = (name) => isUncertain(world.inputs[name]) && !(moves[name] && "value" in moves[name]);
    const free = world.order.filter(isFree);
    const place = new Map(free.map((name, number) => [name, number]));
    const copula = correlated(world, free);
    const result = named();
    for (const name of names) {
      const prior = world.inputs[name];
      if (!place.has(name)) {
        result[name] = { value: moves[name] && "value" in moves[name] ? moves[name].value : prior.value };
        continue;
      }
      const joint = copula.has(name);
      const state = JSON.stringify([prior.id, place.get(name), moves[name] || 0, joint ? copula.key : 0,
        joint ? copula.names.map((other) => place.get(other)) : 0]);
      if (!this.kept.has(name) || this.kept.get(name).state !== state) {
        this.kept.set(name, { state, values: new Float64Array(this.most), filled: 0 });
      }
      result[name] = this.filled(this.kept.get(name), prior, moves[name], joint ? copula : null, name, place, size);
    }
    return result;
  }

  // What is known of an input, with the samples that were not asked for before.
  filled(one, prior, move, copula, name, place, size) {
    if (one.filled >= size) return one;
    if (copula) one.z = copula.scores(name, (other) => this.column(place.get(other), this.most).z);
    else ({ u: one.u, z: one.z } = this.column(place.get(name), size));
    const { u, z, values } = one, moved = mover(prior, move);
    for (let i = one.filled; i < size; i++) values[i] = moved(u ? quantile(prior, z[i], u[i], 1 - u[i]) : quantile(prior, z[i]));
    one.filled = size;
    return one;
  }
}

// The Gaussian copula of the inputs that are free: the Cholesky factor of their correlations.
function correlated(world, free) {
  const pairs = (world.correlations || []).filter(([one, two]) => free.includes(one) && free.includes(two));
  const names = free.filter((name) => pairs.some(([one, two]) => one === name || two === name));
  const matrix = names.map((_, i) => names.map((_, j) => (i === j ? 1 : 0)));
  for (const [one, two, gaussian] of pairs) {
    const [i, j] = [names.indexOf(one), names.indexOf(two)];
    matrix[i][j] = matrix[j][i] = gaussian;
  }
  const factor = cholesky(matrix);
  return {
    names, key: JSON.stringify(pairs), has: (name) => names.includes(name),
    scores(name, columnOf) {
      const row = factor[names.indexOf(name)];
      const own = names.indexOf(name);
      const z = columnOf(name).map((value) => value * row[own]);
      for (let j = 0; j < own; j++) {
        if (row[j] === 0) continue;
        const other = columnOf(names[j]);
        for (let i = 0; i < z.length; i++) z[i] += row[j] * other[i];
      }
      return z;
    },
  };
}

function cholesky(matrix) {
  const factor = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i][j];
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(sum) : sum / factor[j][j];
    }
  }
  return factor;
}
