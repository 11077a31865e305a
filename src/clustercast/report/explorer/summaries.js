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
  const last = given.length - 1, places = probabilities.map((p) => p * last);
  const ranks = [...new Set(places.flatMap((place) => [Math.floor(place), Math.ceil(place)]))];
  const result = atRanks(given, ranks);
  if (!result) return probabilities.map(() => NaN);
  return places.map((place) => {
    const low = Math.floor(place), part = place - low, below = result.get(low);
    if (part === 0) return below;
    const above = result.get(low + 1);
    return part >= 0.5 ? above - (above - below) * (1 - part) : below + (above - below) * part;
  });
}

// The values at rising ranks, null where one is not a number. Where none is negative their upper bits sort them: most are only
// counted, and of a few cells the values are sorted.
function atRanks(given, ranks) {
  const words = new Uint32Array(given.buffer, given.byteOffset, 2 * given.length);
  let low = Infinity, high = 0;
  for (let i = 1; i < words.length; i += 2) {
    const word = words[i] >>> 12;
    if (word < low) low = word;
    if (word > high) high = word;
  }
  if (high >= 0x7ff00 || high - low > 65535) return atRanksOfAny(given, ranks);
  const cells = new Int32Array(high - low + 2);
  for (let i = 1; i < words.length; i += 2) cells[(words[i] >>> 12) - low]++;
  const wanted = new Map();
  let before = 0, next = 0;
  for (let cell = 0; next < ranks.length; before += cells[cell++]) {
    while (next < ranks.length && ranks[next] < before + cells[cell]) {
      if (!wanted.has(cell)) wanted.set(cell, { before, values: [], ranks: [] });
      wanted.get(cell).ranks.push(ranks[next++]);
    }
  }
  cells.fill(0);
  for (const cell of wanted.keys()) cells[cell] = 1;
  for (let i = 0; i < given.length; i++) {
    const cell = (words[2 * i + 1] >>> 12) - low;
    if (cells[cell]) wanted.get(cell).values.push(given[i]);
  }
  const result = new Map();
  for (const one of wanted.values()) {
    const sorted = Float64Array.from(one.values).sort();
    for (const rank of one.ranks) result.set(rank, sorted[rank - one.before]);
  }
  return result;
}

function atRanksOfAny(given, ranks) {
  const values = given.slice();
  for (const value of values) if (value !== value) return null;
  let from = 0;
  return new Map(ranks.map((rank) => {
    const value = ranked(values, rank, from, values.length - 1);
    from = rank;
    return [rank, value];
  }));
}

export function shareAbove(values, level) {
  let count = 0;
  for (const value of values) count += value >= level;
  return count / values.length;
}

// The share of numbers that are none, or infinite.
export function shareMissing(values) {
  let count = 0;
  for (const value of values) count += !Number.isFinite(value);
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

// Bins of equal weight, halved towards both ends as in Python; `u` are points of which each cell of 1 / size has one, so that
// they are ranks already, and where there is none the scores z are sorted.
export function bins(u, z) {
  const size = z.length, count = Math.min(64, Math.max(4, Math.floor(2.4 * Math.cbrt(size))));
  const halvings = Math.max(0, Math.floor(Math.log2(size / count / 8) + 1e-9));
  const edges = [];
  for (let n = halvings; n > 0; n--) edges.push(0.5 ** n / count);
  for (let n = 1; n < count; n++) edges.push(n / count);
  for (let n = 1; n <= halvings; n++) edges.push(1 - 0.5 ** n / count);
  const binOf = new Uint16Array(size), result = new Uint16Array(size);
  for (let rank = 0, bin = 0; rank < size; rank++) {
    while (bin < edges.length && (rank + 0.5) / size > edges[bin]) bin++;
    binOf[rank] = bin;
  }
  if (u) for (let i = 0; i < size; i++) result[i] = binOf[Math.floor(u[i] * size)];
  else Array.from(z.keys()).sort((a, b) => z[a] - z[b]).forEach((sample, rank) => { result[sample] = binOf[rank]; });
  return { bins: result, count: edges.length + 1 };
}
