// Charts as SVG with real text; colours are those of the page.

import { escaped, human, round } from "./words.js";

const TOP = 12, BOTTOM = 24;
const fixed = (value) => value.toFixed(1);

// Numbers beside a chart: what every one of them says at its end, as in "$1T a year", is said in the title.
export const ending = (text) => / (?:a year|an hour|per .*)$/.exec(text)?.[0] ?? "";
const short = (text) => text.slice(0, text.length - ending(text).length);
const room = (texts) => Math.max(40, 14 + 6.9 * Math.max(...texts.map((text) => text.length)));

// A scale of an axis, logarithmic where the numbers allow it, with its ticks.
function axis(least, most, from, to, unit, share) {
  const [low, high] = [least, most].map((value) => Math.min(Math.max(value, -1e300), 1e300));
  const logarithmic = low > 0 && high > 8 * low;
  const [f, back] = logarithmic ? [Math.log10, (y) => 10 ** y] : [(x) => x, (y) => y];
  const [first, last] = [f(low), f(high)];
  const place = (value) => from + (f(value) - first) / (last - first || 1) * (to - from);
  const ticks = [];
  if (logarithmic) {
    const each = Math.max(1, Math.ceil((last - first) / 6));
    for (let power = Math.ceil(first); power <= last; power += each) ticks.push(back(power));
    if (ticks.length < 2) for (const part of [2, 5]) for (let power = Math.floor(first); power <= last; power++) {
      if (part * 10 ** power >= low && part * 10 ** power <= high) ticks.push(part * 10 ** power);
    }
  } else {
    const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= rough);
    for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9 * step; tick += step) ticks.push(Math.abs(tick) < 1e-9 * step ? 0 : tick);
  }
  const text = (value) => short(round(value, unit, share));
  return { place, ticks, text };
}

const line = (points, attributes) => (points.length ? `<path d="M${points.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join("L")}" fill="none" ${attributes}/>` : "");
const area = (upper, lower, attributes) => `<path d="M${[...upper, ...lower.slice().reverse()].map(([x, y]) => `${fixed(x)},${fixed(y)}`).join("L")}Z" ${attributes}/>`;
const label = (x, y, text, attributes = "") => `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escaped(text)}</text>`;

// Heights moved apart so that each is a step from the next.
function apart(heights, step) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const result = heights.slice();
  for (let round = 0; round < 20; round++) for (let k = 1; k < order.length; k++) {
    const gap = result[order[k]] - result[order[k - 1]];
    if (gap < step) {
      result[order[k]] += (step - gap) / 2;
      result[order[k - 1]] -= (step - gap) / 2;
    }
  }
  return result;
}

const frame = (width, height, title, body) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="var(--ink)"><title>${escaped(title)}</title>${body}</svg>`;

// The fan of an output: bands of 90 and 50 % of runs, the median, the trend, the start, what was observed, today.
export function fan({ years, bands, trend, ghost, observed, today, year, unit, share, title }, width, height) {
  const x = (when) => inner[0] + (when - years[0]) / (years[years.length - 1] - years[0]) * (inner[1] - inner[0]);
  const all = bands.flatMap((band) => [band[0], band[4]]).concat(ghost ? ghost.flatMap((band) => [band[0], band[4]]) : []);
  let [low, high] = [Math.min(...all), Math.max(...all)];
  // The trend may leave the picture: what is forecast must stay readable.
  if (trend) high = Math.max(high, Math.min(Math.max(...trend), low > 0 ? high * 12 : high * 1.5));
  const pad = low > 0 ? 1.15 : 1;
  const y = axis(low / pad, high * pad, height - BOTTOM, TOP, unit, share);
  const last = bands[bands.length - 1], say = (value) => short(human(value, unit, share));
  const right = room([last[0], last[2], last[4], trend ? trend[trend.length - 1] : last[2]].map(say));
  const inner = [room(y.ticks.map(y.text)), width - right, height - BOTTOM, TOP];
  const at = (rank) => bands.map((band, i) => [x(years[i]), y.place(band[rank])]);
  const parts = [`<clipPath id="inside"><rect x="${inner[0]}" y="${inner[3] - 2}" width="${inner[1] - inner[0]}" height="${inner[2] - inner[3] + 4}"/></clipPath>`];
  for (const tick of y.ticks) {
    parts.push(`<line x1="${inner[0]}" x2="${inner[1]}" y1="${fixed(y.place(tick))}" y2="${fixed(y.place(tick))}" stroke="var(--line)"/>`);
    parts.push(label(inner[0] - 6, y.place(tick) + 4, y.text(tick), 'text-anchor="end" fill="var(--soft)"'));
  }
  const every = Math.ceil(years.length / (width < 500 ? 5 : 12));
  years.forEach((when, i) => {
    if ((years.length - 1 - i) % every === 0) parts.push(label(x(when), height - 6, when, 'text-anchor="middle" fill="var(--soft)"'));
  });
  parts.push(`<line x1="${fixed(x(year))}" x2="${fixed(x(year))}" y1="${inner[3]}" y2="${inner[2]}" stroke="var(--accent)" stroke-opacity=".35"/>`);
  parts.push(area(at(4), at(0), 'fill="var(--band)"'), area(at(3), at(1), 'fill="var(--band2)"'), '<g clip-path="url(#inside)">');
  if (ghost) {
    const old = (rank) => ghost.map((band, i) => [x(years[i]), y.place(band[rank])]);
    parts.push(line(old(2), 'stroke="var(--ghost)" stroke-width="2"'), line(old(0), 'stroke="var(--ghost)"'), line(old(4), 'stroke="var(--ghost)"'));
  }
  const dashed = trend ? trend.map((value, i) => [x(years[i]), y.place(Math.max(Math.min(value, 1e300), 1e-300))]) : [];
  parts.push(line(dashed, 'stroke="var(--soft)" stroke-width="1.5" stroke-dasharray="5 4"'));
  parts.push(line(at(2), 'stroke="var(--accent)" stroke-width="2.5"'), "</g>");
  if (today && today > years[0] && today < years[years.length - 1]) {
    parts.push(`<line x1="${fixed(x(today))}" x2="${fixed(x(today))}" y1="${inner[3]}" y2="${inner[2]}" stroke="var(--soft)" stroke-dasharray="1 3"/>`);
    parts.push(label(x(today) + 4, inner[2] - 5, "today", 'fill="var(--soft)"'));
  }
  for (const seen of observed) {
    const height = y.place(seen.value);
    if (seen.date < years[0] || seen.date > years[years.length - 1] || height < inner[3] || height > inner[2]) continue;
    const [cx, cy] = [x(seen.date), height];
    const shape = { record: `M${fixed(cx - 4)},${fixed(cy + 3)}h8l-4,-7z`, ceiling: `M${fixed(cx - 4)},${fixed(cy - 3)}h8l-4,7z` }[seen.kind];
    const about = `<title>${escaped(`${seen.name}: ${human(seen.value, unit, share)}`)}</title>`;
    parts.push(shape ? `<path d="${shape}" fill="var(--paper)" stroke="var(--seen)" stroke-width="1.3">${about}</path>` : `<circle cx="${fixed(cx)}" cy="${fixed(cy)}" r="3.5" fill="var(--paper)" stroke="var(--seen)" stroke-width="1.3">${about}</circle>`);
  }
  const ends = [[last[4], "var(--soft)", ""], [last[2], "var(--ink)", ' font-weight="600"'], [last[0], "var(--soft)", ""]];
  if (dashed.length && dashed[dashed.length - 1][1] >= inner[3] - 1) ends.push([trend[trend.length - 1], "var(--soft)", ' font-style="italic"']);
  const heights = apart(ends.map(([value]) => Math.min(Math.max(y.place(value), inner[3] + 4), inner[2])), 14);
  ends.forEach(([value, colour, more], i) => parts.push(label(inner[1] + 5, heights[i] + 4, say(value), `fill="${colour}"${more}`)));
  if (dashed.length) {
    // The dashed line is named where it has left the fan behind.
    const place = dashed.findIndex(([, height], i) => height < at(4)[i][1] - 10 && height > inner[3]);
    const [tx, ty] = place < 0 ? [0, 0] : [Math.min(dashed[place][0], inner[1] - 90), Math.max(dashed[place][1], inner[3] + 12)];
    if (place >= 0) parts.push(label(tx - 6, ty, "trend, no limits", 'text-anchor="end" fill="var(--soft)" font-style="italic"'));
  }
  return frame(width, height, title, parts.join(""));
}

// The spread of an output that has no years.
export function spread({ values, band, ghost, unit, share, title }, width, height) {
  const sorted = Float64Array.from(values).sort();
  const at = (p) => sorted[Math.floor(p * (sorted.length - 1))];
  const x = axis(at(0.002), at(0.998), 20, width - 20, unit, share);
  const bars = 60, counts = new Array(bars).fill(0);
  for (const value of sorted) {
    const bar = Math.floor((x.place(value) - 20) / (width - 40) * bars);
    if (bar >= 0 && bar < bars) counts[bar]++;
  }
  const most = Math.max(...counts, 1), size = (width - 40) / bars, top = height - BOTTOM - TOP;
  const parts = counts.map((count, i) => `<rect x="${fixed(20 + i * size)}" width="${fixed(size - 1)}" y="${fixed(height - BOTTOM - count / most * top)}" height="${fixed(count / most * top)}" fill="var(--band2)"/>`);
  for (const tick of x.ticks) parts.push(label(x.place(tick), height - 6, x.text(tick), 'text-anchor="middle" fill="var(--soft)"'));
  const mark = (value, attributes) => `<line x1="${fixed(x.place(value))}" x2="${fixed(x.place(value))}" y1="${TOP}" y2="${height - BOTTOM}" ${attributes}/>`;
  parts.push(mark(band[2], 'stroke="var(--accent)" stroke-width="2.5"'), mark(band[0], 'stroke="var(--soft)"'), mark(band[4], 'stroke="var(--soft)"'));
  if (ghost) parts.push(mark(ghost[2], 'stroke="var(--ghost)" stroke-width="2"'));
  return frame(width, height, title, parts.join(""));
}

// Rows of a name, a bar and a number; a mark where the start had it.
export function bars(rows) {
  // The longest bar fills its place where it is more than two fifths.
  const most = Math.max(0.4, ...rows.map(({ share, start = 0 }) => Math.max(share, start)));
  const row = ({ name, share, text, start, title }) => `<tr><th scope="row"${title ? ` title="${escaped(title)}"` : ""}>${escaped(name)}</th><td class="bar-cell"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${fixed(Math.max(0, 100 * share / most))}" height="10" fill="var(--accent)"/>${start === undefined ? "" : `<rect x="${fixed(Math.min(98.8, 100 * start / most))}" width="1.2" height="10" fill="var(--ghost)"/>`}</svg></td><td class="number">${escaped(text)}</td></tr>`;
  return `<table>${rows.map(row).join("")}</table>`;
}
