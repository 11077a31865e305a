// The pieces of a WebAssembly module: its bytes, a pool of constants, and functions of two pairs of samples.

export const HALVES = [0, 1];  // the two pairs: neither waits for the other, so that the processor works on both

export function unsigned(value) {
  const bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
}

function signed(value) {
  const bytes = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const done = (value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

export const section = (number, bytes) => [[number, ...unsigned(bytes.length)], bytes];
export const vector = (items) => [...unsigned(items.length), ...items.flat()];
export const text = (word) => vector([...new TextEncoder().encode(word)].map((byte) => [byte]));

const simd = (code) => [0xfd, ...unsigned(code)];
const CODE = {
  splat: 0x14, eq: 0x47, ne: 0x48, lt: 0x49, gt: 0x4a, le: 0x4b, ge: 0x4c, not: 0x4d, and: 0x4e, andnot: 0x4f, or: 0x50,
  select: 0x52, ceil: 0x74, floor: 0x75, nearest: 0x94, allTrue: 0xc3, shiftLeft: 0xcb, shiftRight: 0xcd, addInteger: 0xce,
  abs: 0xec, neg: 0xed, sqrt: 0xef, add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3, min: 0xf4, max: 0xf5, pmin: 0xf6, pmax: 0xf7,
};
export const op = Object.fromEntries(Object.entries(CODE).map(([name, code]) => [name, simd(code)]));
export const get = (local) => [0x20, ...unsigned(local)];
export const set = (local) => [0x21, ...unsigned(local)];
export const integer = (value) => [0x41, ...signed(value)];
export const load = (offset) => [...simd(0x00), 0x03, ...unsigned(offset)];
export const store = (offset) => [...simd(0x0b), 0x03, ...unsigned(offset)];
const lane = (code, number) => [...simd(code), number];
export const call = (number) => [0x10, ...unsigned(number)];

// Constants lie at the start of the memory, each twice: to load a pair takes one instruction, to make it several.
export class Pool {
  constructor() {
    this.codes = new Map();
    this.words = [];
  }

  pattern(word) {
    if (!this.codes.has(word)) {
      this.codes.set(word, [...integer(0), ...load(8 * this.words.length)]);
      this.words.push(word, word);
    }
    return this.codes.get(word);
  }

  number(value) { return this.pattern(new BigUint64Array(new Float64Array([value]).buffer)[0]); }

  get bytes() { return 8 * this.words.length; }
}

// ---------------------------------------------------------------- functions of two pairs of samples

const LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;
// S. L. Moshier, Cephes (1989): exp(r) = 1 + 2 r P(r^2) / (Q(r^2) - r P(r^2)) for |r| <= ln(2) / 2.
const EXP_P = [1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1];
const EXP_Q = [3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2.00000000000000000005e0];

// Horner's rule for a polynomial of a local, its first coefficient that of the highest power.
const horner = (pool, coefficients, local) => coefficients.slice(1).reduce(
  (code, coefficient) => [...code, ...get(local), ...op.mul, ...pool.number(coefficient), ...op.add],
  pool.number(coefficients[0]),
);

// exp, expm1 or exp2. Locals of a pair: x, k, r, s, p; x = k ln(2) + r, s is half of 2^k, for 2^k itself is infinite where the
// result just is not.
function expBody(pool, name) {
  const c = (value) => pool.number(value);
  const [top, least] = name === "exp2" ? [1024.01, -1022] : [709.79, -708.3];
  return HALVES.flatMap((half) => {
    const x = half, [k, r, s, p] = [0, 1, 2, 3].map((place) => 2 + 4 * half + place);
    const reduced = name === "exp2" ? [
      ...get(x), ...op.nearest, ...set(k), ...get(x), ...get(k), ...op.sub, ...c(Math.LN2), ...op.mul, ...set(r),
    ] : [
      ...get(x), ...c(Math.LOG2E), ...op.mul, ...op.nearest, ...set(k),
      ...get(x), ...get(k), ...c(LN2_HIGH), ...op.mul, ...op.sub, ...get(k), ...c(LN2_LOW), ...op.mul, ...op.sub, ...set(r),
    ];
    return [
      ...get(x), ...c(top), ...op.pmin, ...(name === "expm1" ? [...c(least), ...op.pmax] : []), ...set(x), ...reduced,
      // 1.5 * 2^52 + k has k in its low bits: shifted into the exponent and added to 0.5 it is half of 2^k.
      ...get(k), ...c(6755399441055744), ...op.add, ...integer(52), ...op.shiftLeft, ...c(0.5), ...op.addInteger, ...set(s),
      ...get(r), ...get(r), ...op.mul, ...set(k), ...horner(pool, EXP_P, k), ...get(r), ...op.mul, ...set(p),
      ...get(p), ...horner(pool, EXP_Q, k), ...get(p), ...op.sub, ...op.div, ...set(p), ...get(p), ...get(p), ...op.add,
      ...(name === "expm1" ? [...get(s), ...op.mul, ...get(s), ...c(0.5), ...op.sub, ...op.add]
        : [...c(1), ...op.add, ...get(s), ...op.mul]),
      ...c(2), ...op.mul,
      // Above the range of a double the product is infinite by itself, below it 0 is written.
      ...(name === "expm1" ? [] : [...get(x), ...c(least), ...op.lt, ...op.andnot]),
    ];
  });
}

// fdlibm's logarithm: x = 2^e (1 + f), s = f / (2 + f). Locals of a pair: x, e, f, s, s^2, s^4, f^2 / 2.
const LG_ODD = [1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01];
const LG_EVEN = [1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01];
function logBody(pool) {
  const c = (value) => pool.number(value), word = (value) => pool.pattern(value);
  const local = (half, place) => 2 + 6 * half + place;
  const body = HALVES.flatMap((half) => {
    const x = half, [e, f, s, two, four, halved] = [0, 1, 2, 3, 4, 5].map((place) => local(half, place));
    return [
      // The bits from the root of a half on: the exponent goes up where the mantissa is above the root of 2.
      ...get(x), ...word(0x00095f6200000000n), ...op.addInteger, ...set(f),
      ...get(f), ...integer(52), ...op.shiftRight, ...word(0x4330000000000000n), ...op.or, ...c(4503599627370496 + 1023),
      ...op.sub, ...set(e),
      ...get(f), ...word(0x000fffffffffffffn), ...op.and, ...word(0x3fe6a09e00000000n), ...op.addInteger, ...c(1), ...op.sub,
      ...set(f),
      ...get(f), ...get(f), ...c(2), ...op.add, ...op.div, ...set(s),
      ...get(s), ...get(s), ...op.mul, ...set(two), ...get(two), ...get(two), ...op.mul, ...set(four),
      ...get(f), ...c(0.5), ...op.mul, ...get(f), ...op.mul, ...set(halved),
      ...get(e), ...c(LN2_HIGH), ...op.mul,
      ...get(halved), ...get(s), ...get(halved), ...horner(pool, LG_ODD, four), ...get(two), ...op.mul,
      ...horner(pool, LG_EVEN, four), ...get(four), ...op.mul, ...op.add, ...op.add, ...op.mul,
      ...get(e), ...c(LN2_LOW), ...op.mul, ...op.add, ...op.sub, ...get(f), ...op.sub, ...op.sub, ...set(s),
    ];
  });
  const usual = (half) => [...get(half), ...c(2.2250738585072014e-308), ...op.ge, ...get(half), ...c(Infinity), ...op.lt, ...op.and];
  // Where a number is 0, infinite, negative or none.
  const edges = HALVES.flatMap((half) => {
    const s = local(half, 2), at = (value, condition) => [...c(value), ...get(s), ...condition, ...op.select, ...set(s)];
    return [
      ...at(-Infinity, [...get(half), ...c(0), ...op.eq]), ...at(Infinity, [...get(half), ...c(Infinity), ...op.eq]),
      ...at(NaN, [...get(half), ...c(0), ...op.ge, ...op.not]),
    ];
  });
  return [
    ...body, ...usual(0), ...usual(1), ...op.and, ...op.allTrue, 0x45, 0x04, 0x40, ...edges, 0x0b,
    ...get(local(0, 2)), ...get(local(1, 2)),
  ];
}

// log(1 + x) with the rounding of 1 + x put right, but where 1 + x is 0 or infinite. Locals of a pair: x, u, log(u).
const log1pBody = (pool, log) => [
  ...HALVES.flatMap((half) => [...get(half), ...pool.number(1), ...op.add, ...set(2 + half)]),
  ...get(2), ...get(3), ...call(log), ...set(5), ...set(4),
  ...HALVES.flatMap((x) => {
    const [u, result] = [2 + x, 4 + x];
    return [
      ...get(result), ...get(result), ...get(x), ...get(u), ...pool.number(1), ...op.sub, ...op.sub, ...get(u), ...op.div, ...op.add,
      ...get(u), ...pool.number(0), ...op.eq, ...get(u), ...pool.number(Infinity), ...op.eq, ...op.or, ...op.select,
    ];
  }),
];

// A function of JavaScript's Math on each of the two samples of each pair; `locals` are those of its arguments.
const each = (imported, ...locals) => [0, 1].flatMap((number) => [
  ...locals.flatMap((local) => [...get(local), ...lane(0x21, number)]), ...call(imported),
  ...(number ? lane(0x22, 1) : op.splat),
]);

// x to the y: by logarithms where all x are positive and all are finite, else by JavaScript's one by one.
function powerBody(pool, exp, log, imported) {
  const fine = (half) => [
    ...get(half), ...pool.number(0), ...op.gt, ...get(half), ...pool.number(Infinity), ...op.lt, ...op.and,
    ...get(2 + half), ...op.abs, ...pool.number(Infinity), ...op.lt, ...op.and,
  ];
  return [
    ...fine(0), ...fine(1), ...op.and, ...op.allTrue, 0x04, 0x40,
    ...get(0), ...get(1), ...call(log), ...set(1), ...set(0),
    ...HALVES.flatMap((half) => [...get(half), ...get(2 + half), ...op.mul]), ...call(exp), ...set(1), ...set(0), 0x05,
    ...HALVES.flatMap((half) => [...each(imported, half, 2 + half), ...set(half)]), 0x0b, ...get(0), ...get(1),
  ];
}

const EACH = ["sin", "cos", "tanh"];
export const IMPORTED = [...EACH, "pow"];
export const OWN = ["exp", "expm1", "exp2", "log", "log1p", ...EACH, "power"];
export const ownNumber = (name) => IMPORTED.length + OWN.indexOf(name);
// Each with the number of its locals.
export const ownBodies = (pool) => [
  [8, expBody(pool, "exp")], [8, expBody(pool, "expm1")], [8, expBody(pool, "exp2")], [12, logBody(pool)],
  [4, log1pBody(pool, ownNumber("log"))], ...EACH.map((_, place) => [0, HALVES.flatMap((half) => each(place, half))]),
  [0, powerBody(pool, ownNumber("exp"), ownNumber("log"), IMPORTED.indexOf("pow"))],
];

export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

// 1 to any power is 1, as in C; JavaScript differs there.
export const pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y));
export const MATH = { sin: Math.sin, cos: Math.cos, tanh: Math.tanh, pow };
