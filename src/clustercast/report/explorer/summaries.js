// What the page says of the samples: quantiles, chances, shares, and what an answer hangs on.

// The value at a rank, between two others; smaller ones are moved before it and larger ones after it (C. A. R. Hoare).
function ranked(values, rank, left, right) {
  while (left < right) {
    const middle = values[(left + right) >> 1];
    let [i, j] = [left, right];
    while (i <= j) {
      while (values[i] < middle) i++;
      while (values[j] > middle) j--;
      if (i <= j) {
        const kept = values[i];
        values[i++] = values[j];
        values[j--] = kept;
      }
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else break;
  }
  return values[rank];
}

// Quantiles of samples by definition 7 of Hyndman and Fan, as NumPy's; the probabilities rise.
export function quantiles(given, probabilities) {
  const values = Float64Array.from(given), last = values.length - 1;
  if (values.some(Number.isNaN)) return probabilities.map(() => NaN);
  let from = 0;
  return probabilities.map((p) => {
    const place = p * last, low = Math.floor(place), part = place - low;
    const below = ranked(values, low, from, last);
    from = low;
    if (part === 0) return below;
    const above = ranked(values, low + 1, low, last);
    return part >= 0.5 ? above - (above - below) * (1 - part) : below + (above - below) * part;
  });
}

export function shareAbove(values, level) {
  let count = 0;
  for (const value of values) count += value >= level;
  return count / values.length;
}

// The share of each label's number.
export function labelShares(values, labels) {
  const counts = new Array(labels).fill(0);
  for (const value of values) counts[value]++;
  return counts.map((count) => count / values.length);
}

// The first-order index of each input from the samples themselves: the variance between bins of equal weight, finer in
// the tails, over the variance, less half of what chance would give: Plischke (2012), doi:10.1016/j.ress.2011.12.007.
// An output that is positive everywhere is taken by its logarithm.
export function firstOrder(binned, given) {
  const size = given.length, values = given.every((value) => value > 0) ? given.map(Math.log10) : given;
  let mean = 0, square = 0;
  for (const value of values) mean += value / size;
  for (const value of values) square += (value - mean) ** 2;
  const variance = square / (size - 1);
  return binned.map(({ bins, count }) => {
    const mass = new Float64Array(count), sum = new Float64Array(count), squares = new Float64Array(count);
    for (let i = 0; i < size; i++) {
      const bin = bins[i], deviation = values[i] - mean;
      mass[bin]++;
      sum[bin] += deviation;
      squares[bin] += deviation * deviation;
    }
    let between = 0, chance = 0, second = 0, influence = 0;
    for (let bin = 0; bin < count; bin++) {
      const n = mass[bin];
      if (n < 2) continue;
      const own = sum[bin] / n, within = Math.max(0, squares[bin] / n - own * own) / variance * n / (n - 1);
      between += n / size * own * own / variance;
      chance += (1 - n / size) * within / size;
      second += 2 * (within / size) ** 2;
      influence += n / size * 4 * own * own / variance * within / size;
    }
    if (!(variance > 0)) return { index: NaN, error: NaN };
    const half = chance / 2;
    return { index: between - half, error: Math.sqrt(influence + second + half * half / 3) };
  });
}

// Bins of equal weight in the normal score, halved towards both ends as in Python.
export function bins(scores) {
  const count = Math.min(64, Math.max(4, Math.floor(2.4 * Math.cbrt(scores.length))));
  const halvings = Math.max(0, Math.floor(Math.log2(scores.length / count / 8) + 1e-9));
  const edges = [];
  for (let n = halvings; n > 0; n--) edges.push(0.5 ** n / count);
  for (let n = 1; n < count; n++) edges.push(n / count);
  for (let n = 1; n <= halvings; n++) edges.push(1 - 0.5 ** n / count);
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b]);
  const found = new Uint16Array(scores.length);
  let bin = 0;
  order.forEach((sample, rank) => {
    while (bin < edges.length && (rank + 0.5) / scores.length > edges[bin]) bin++;
    found[sample] = bin;
  });
  return { bins: found, count: edges.length + 1 };
}
