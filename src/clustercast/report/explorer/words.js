// Numbers as people say them: 1.2 GW, $1.3T, 2.5M H100e, 12 %, 1 in 20. The same words as in Python.

const SI = { "-3": "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E", 21: "Z", 24: "Y", 27: "R", 30: "Q" };
const MULTIPLES = { 0: "", 3: "k", 6: "M", 9: "B", 12: "T" };
const PREFIXED = /^([kMGTPE])?(Wh|W|FLOP)(?![A-Za-z])(.*)$/;
const MONEY = /^USD(.*)$/;
const COUNTED = /^(year|month|week|day|hour|chip|wafer|well|rig|fab|subscriber|home|country)(?![A-Za-z])(.*)$/;
const commas = (text) => text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
const powerOf = (prefix) => Number(Object.keys(SI).find((power) => SI[power] === (prefix || "")));
const per = (unit) => unit.replace("/year**", " per year^").replace("/year", " a year").replace("/hour", " an hour")
  .replace("OOM", "decades").replace("**", "^").replace("/", " per ");

function digits(value, shown = 2) {
  if (value === 0 || !isFinite(value)) return [value, 0];
  const first = Math.floor(Math.log10(Math.abs(value)));
  const rounded = Number(value.toExponential(shown - 1));
  return [rounded, first - shown + 1 + (Math.floor(Math.log10(Math.abs(rounded)) + 1e-12) > first ? 1 : 0)];
}

const exponential = (value, places) => value.toExponential(places).replace(/e([+-])(\d)$/, "e$10$2");

function plain(value, last, scale) {
  if (value === 0 || !isFinite(value)) return isFinite(value) ? "0" : value > 0 ? "∞" : "-∞";
  const scaled = value / 10 ** scale;
  if (!(Math.abs(scaled) >= 1e-4 && Math.abs(scaled) < 1e6)) return exponential(scaled, Math.max(Math.floor(Math.log10(Math.abs(value))) - last, 0));
  return commas(scaled.toFixed(Math.max(scale - last, 0)));
}

function multiple(rounded, unit) {
  if (rounded === 0 || !isFinite(rounded)) return 0;
  const exponent = 3 * Math.floor(Math.log10(Math.abs(rounded)) / 3 + 1e-12);
  const prefixed = PREFIXED.exec(unit);
  if (prefixed) {
    const given = powerOf(prefixed[1]);
    return Math.min(Math.max(exponent, -3 - given), 30 - given);
  }
  if (Math.abs(rounded) < 1e4 && !MONEY.test(unit) && unit !== "H100e") return 0;
  return Math.min(Math.max(exponent, 0), 12);
}

const factorText = (value) => (value >= 100 && value < 1e6 ? `×${commas(value.toFixed(0))}` : `×${factorDigits(value)}`);
const factorDigits = (value) => (value >= 1e-4 && value < 100 ? value.toPrecision(2) : exponential(value, 1));

export function human(value, unit = "1", share = false, shown = 2) {
  if (unit === "1/year") return human(100 * value, "%", false, shown) + " a year";
  if (unit === "year" && Math.abs(value) >= 1900 && Math.abs(value) <= 2200) return value.toFixed(1).replace(/\.0$/, "");
  if (unit === "OOM" || unit === "OOM/year") return factorText(10 ** Math.min(value, 300)) + (unit === "OOM" ? "" : " a year");
  const [rounded, last] = digits(value, shown);
  if (unit === "%" || unit === "percent") return `${plain(rounded, last, 0)} %`;
  if (share && unit === "1") return `${plain(rounded, last, -2)} %`;
  const power = multiple(rounded, unit);
  const text = plain(rounded, last, power), money = MONEY.exec(unit), prefixed = PREFIXED.exec(unit), counted = COUNTED.exec(unit);
  if (money) return `${text.startsWith("-") ? `-$${text.slice(1)}` : `$${text}`}${MULTIPLES[power]}${per(money[1])}`;
  if (prefixed) return `${text} ${SI[powerOf(prefixed[1]) + power]}${prefixed[2]}${per(prefixed[3])}`;
  const count = `${text}${MULTIPLES[power]}`;
  if (counted && count !== "1") return `${count} ${counted[1] === "country" ? "countries" : `${counted[1]}s`}${per(counted[2])}`;
  return count + (unit === "1" ? "" : ` ${per(unit)}`);
}

// A number with the digits it has, up to three: 5 GW rather than 5.0 GW.
export const round = (value, unit, share) => human(value, unit, share, [1, 2, 3].find((n) => Math.abs(Number(value.toPrecision(n)) - value) <= 1e-9 * Math.abs(value)) || 2);

// A range, with the unit said once where it is the same.
export function interval(low, high, unit, share) {
  const [from, to] = [human(low, unit, share), human(high, unit, share)];
  const ending = /^[^ ]+( .*)$/.exec(from);
  return ending && to.endsWith(ending[1]) ? `${from.slice(0, -ending[1].length)} to ${to}` : `${from} to ${to}`;
}

export function odds(probability) {
  if (!(probability >= 0.001 && probability <= 0.999)) return probability < 0.5 ? "less than 1 in 1,000" : "more than 999 in 1,000";
  if (probability > 0.95) return probability > 0.99 ? `${(1000 * probability).toFixed(0)} in 1,000` : `${(100 * probability).toFixed(0)} in 100`;
  if (probability < 0.25) {
    const number = 1 / probability;
    const step = 10 ** Math.max(Math.floor(Math.log10(number)) - (number >= 20 ? 0 : 1), 0);
    return `1 in ${commas((Math.round(number / step) * step).toFixed(0))}`;
  }
  return `${(10 * probability).toFixed(0)} in 10`;
}

export function chance(probability) {
  if (probability > 0.999) return "> 99.9 %";
  if (probability < 0.001) return "< 0.1 %";
  return `${(100 * probability).toFixed(probability < 0.01 || probability > 0.99 ? 1 : 0)} %`;
}

export const escaped = (text) => String(text).replace(/[&<>"]/g, (result) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[result]));
