// A traced program made ready to run in the reader's browser: as WebAssembly with SIMD, or as JavaScript.
//
// A program is {inputs: n, constants: [...], names: [...], operations: [[name, ...arguments], ...], results: [...]}:
// numbers below n are inputs, the next ones constants, then the operations in order. It is run on vectors of samples:
// four samples at a time, as two pairs, go through segments of some hundred operations, whose values live in locals; what a
// later segment needs is kept in memory for a block of samples that fits in the cache.

const BLOCK = 32;       // samples that go through all segments together, a multiple of 4
const SEGMENT = 400;    // operations in a function
const STEP = 32;        // bytes of the samples of one call
const HALVES = [0, 1];  // the two pairs: neither waits for the other, so that the processor works on both
const LOGICAL = new Set(["greater", "greater_equal", "less", "less_equal", "equal", "not_equal",
  "logical_and", "logical_or", "logical_not"]);

// ---------------------------------------------------------------- bytes of a module

function unsigned(value) {
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

const section = (number, bytes) => [[number, ...unsigned(bytes.length)], bytes];
const vector = (items) => [...unsigned(items.length), ...items.flat()];
const text = (word) => vector([...new TextEncoder().encode(word)].map((byte) => [byte]));

const simd = (code) => [0xfd, ...unsigned(code)];
const CODE = {
  splat: 0x14, eq: 0x47, ne: 0x48, lt: 0x49, gt: 0x4a, le: 0x4b, ge: 0x4c, not: 0x4d, and: 0x4e, andnot: 0x4f, or: 0x50,
  select: 0x52, ceil: 0x74, floor: 0x75, nearest: 0x94, allTrue: 0xc3, shiftLeft: 0xcb, shiftRight: 0xcd, addInteger: 0xce,
  abs: 0xec, neg: 0xed, sqrt: 0xef, add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3, min: 0xf4, max: 0xf5, pmin: 0xf6, pmax: 0xf7,
};
const op = Object.fromEntries(Object.entries(CODE).map(([name, code]) => [name, simd(code)]));
const get = (local) => [0x20, ...unsigned(local)];
const set = (local) => [0x21, ...unsigned(local)];
const integer = (value) => [0x41, ...signed(value)];
const load = (offset) => [...simd(0x00), 0x03, ...unsigned(offset)];
const store = (offset) => [...simd(0x0b), 0x03, ...unsigned(offset)];
const lane = (code, number) => [...simd(code), number];
const call = (number) => [0x10, ...unsigned(number)];

// Constants lie at the start of the memory, each twice: to load a pair takes one instruction, to make it several.
class Pool {
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
    const [u, found] = [2 + x, 4 + x];
    return [
      ...get(found), ...get(found), ...get(x), ...get(u), ...pool.number(1), ...op.sub, ...op.sub, ...get(u), ...op.div, ...op.add,
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
const IMPORTED = [...EACH, "pow"];
const OWN = ["exp", "expm1", "exp2", "log", "log1p", ...EACH, "power"];
const ownNumber = (name) => IMPORTED.length + OWN.indexOf(name);
// Each with the number of its locals.
const ownBodies = (pool) => [
  [8, expBody(pool, "exp")], [8, expBody(pool, "expm1")], [8, expBody(pool, "exp2")], [12, logBody(pool)],
  [4, log1pBody(pool, ownNumber("log"))], ...EACH.map((_, place) => [0, HALVES.flatMap((half) => each(place, half))]),
  [0, powerBody(pool, ownNumber("exp"), ownNumber("log"), IMPORTED.indexOf("pow"))],
];

// ---------------------------------------------------------------- from operations to code

// How the values of a program are kept: results and inputs for all samples, others where a later segment needs them.
function layout(program) {
  const first = program.inputs + program.constants.length, count = first + program.operations.length;
  const segments = Math.ceil(program.operations.length / SEGMENT);
  const lastUse = new Int32Array(count).fill(-1), truths = new Uint8Array(count);
  program.operations.forEach(([code, ...args], index) => {
    const name = program.names[code];
    for (const argument of args) lastUse[argument] = Math.floor(index / SEGMENT);
    truths[first + index] = name === "where" ? truths[args[1]] && truths[args[2]] : LOGICAL.has(name);
  });
  const slots = new Map(), free = [], ending = Array.from({ length: segments }, () => []);
  let used = 0;
  for (let index = 0; index < program.operations.length; index++) {
    const segment = Math.floor(index / SEGMENT), last = lastUse[first + index];
    if (segment && index % SEGMENT === 0) free.push(...ending[segment - 1]);
    if (last <= segment) continue;
    const slot = free.length ? free.pop() : used++;
    slots.set(first + index, slot);
    ending[last].push(slot);
  }
  return { first, slots, used, segments, truths };
}

const BINARY = { add: "add", subtract: "sub", multiply: "mul", divide: "div", minimum: "min", maximum: "max" };
const COMPARE = { greater: "gt", greater_equal: "ge", less: "lt", less_equal: "le", equal: "eq", not_equal: "ne" };
const UNARY = { negative: "neg", absolute: "abs", sqrt: "sqrt", floor: "floor", ceil: "ceil" };
const CALLS = { log2: ["log", Math.LOG2E], log10: ["log", Math.LOG10E] };

// Code that leaves the result of an operation on a pair on the stack; number(a) and truth(a) leave its arguments there.
function emitted(name, args, number, truth, isTruth, pool) {
  // min and max give NaN where either number is NaN, as NumPy's do; pmin and pmax would not.
  if (name in BINARY) return [...number(args[0]), ...number(args[1]), ...op[BINARY[name]]];
  if (name in COMPARE) return [...number(args[0]), ...number(args[1]), ...op[COMPARE[name]]];
  if (name in UNARY) return [...number(args[0]), ...op[UNARY[name]]];
  switch (name) {
    case "logical_and": return [...truth(args[0]), ...truth(args[1]), ...op.and];
    case "logical_or": return [...truth(args[0]), ...truth(args[1]), ...op.or];
    case "logical_not": return [...truth(args[0]), ...op.not];
    case "where": {
      const take = isTruth(args[1]) && isTruth(args[2]) ? truth : number;
      return [...take(args[1]), ...take(args[2]), ...truth(args[0]), ...op.select];
    }
    case "square": return [...number(args[0]), ...number(args[0]), ...op.mul];
    case "reciprocal": return [...pool.number(1), ...number(args[0]), ...op.div];
    case "sign": return [
      ...number(args[0]), ...number(args[0]), ...pool.number(0), ...op.gt, ...pool.number(1), ...op.and,
      ...number(args[0]), ...pool.number(0), ...op.lt, ...pool.number(1), ...op.and, ...op.sub,
      ...number(args[0]), ...number(args[0]), ...op.ne, ...op.select,
    ];
    default: return null;
  }
}

// The body of one segment: parameters 0 (bytes into all samples) and 1 (bytes into the block), then locals, two a number.
function segmentBody(program, kept, segment, at, pool) {
  const { first, slots, truths } = kept, locals = new Map(), known = new Set(), code = [];
  const local = (number, half) => {
    if (!locals.has(number)) locals.set(number, 2 + 2 * locals.size);
    return locals.get(number) + half;
  };
  const isTruth = (number) => truths[number] === 1;
  const value = (number, half) => {
    if (number >= program.inputs && number < first) return pool.number(program.constants[number - program.inputs]);
    if (!known.has(number)) {
      known.add(number);
      const own = number < program.inputs, from = own ? at.input(number) : at.slot(slots.get(number));
      for (const one of HALVES) code.push(...get(own ? 0 : 1), ...load(from + 16 * one), ...set(local(number, one)));
    }
    return get(local(number, half));
  };
  const numbers = HALVES.map((half) => (number) => (isTruth(number) ? [...value(number, half), ...pool.number(1), ...op.and] : value(number, half)));
  const truth = HALVES.map((half) => (number) => (isTruth(number) ? value(number, half) : [...value(number, half), ...pool.number(0), ...op.ne]));
  const end = Math.min((segment + 1) * SEGMENT, program.operations.length);
  for (let index = segment * SEGMENT; index < end; index++) {
    const [named, ...args] = program.operations[index], name = program.names[named], result = first + index;
    const bodies = HALVES.map((half) => emitted(name, args, numbers[half], truth[half], isTruth, pool));
    if (bodies[0]) for (const half of HALVES) code.push(...bodies[half], ...set(local(result, half)));
    else {
      const [own, factor] = CALLS[name] || [name];
      const given = args.map((argument) => HALVES.map((half) => numbers[half](argument))).flat(2);
      code.push(...given, ...call(ownNumber(own)), ...set(local(result, 1)), ...set(local(result, 0)));
      if (factor) for (const half of HALVES) code.push(...get(local(result, half)), ...pool.number(factor), ...op.mul, ...set(local(result, half)));
    }
    known.add(result);
    for (const half of HALVES) {
      if (slots.has(result)) code.push(...get(1), ...get(local(result, half)), ...store(at.slot(slots.get(result)) + 16 * half));
      for (const output of at.outputs(result)) code.push(...get(0), ...numbers[half](result), ...store(output + 16 * half));
    }
  }
  code.push(0x0b);
  return [vector([[...unsigned(2 * locals.size), 0x7b]]), code];
}

// Runs all segments for blocks of samples: local 0 the end in bytes, 1 the block's first byte, 2 that of the step.
function mainBody(segments, firstSegment) {
  const loops = [];
  for (let segment = 0; segment < segments; segment++) {
    loops.push(
      ...get(1), ...set(2), 0x03, 0x40,
      ...get(2), ...get(2), ...get(1), 0x6b, ...call(firstSegment + segment),
      ...get(2), ...integer(STEP), 0x6a, ...set(2),
      ...get(2), ...get(1), ...integer(BLOCK * 8), 0x6a, 0x49, ...get(2), ...get(0), 0x49, 0x71, 0x0d, 0, 0x0b,
    );
  }
  return [vector([[2, 0x7f]]), [
    0x03, 0x40, ...loops,
    ...get(1), ...integer(BLOCK * 8), 0x6a, ...set(1), ...get(1), ...get(0), 0x49, 0x0d, 0, 0x0b, 0x0b,
  ]];
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

// Returns the bytes of a module, its constants, and where its inputs and results lie, for so many samples at most.
function moduleBytes(program, capacity) {
  const kept = layout(program), pool = new Pool(), row = capacity * 8;
  const own = ownBodies(pool).map(([locals, body]) => [vector(locals ? [[...unsigned(locals), 0x7b]] : []), [...body, 0x0b]]);
  for (const value of [0, 1, Math.LOG2E, Math.LOG10E, ...program.constants]) pool.number(value);
  const blocks = pool.bytes, base = blocks + kept.used * BLOCK * 8;
  const results = new Map();
  program.results.forEach((number, place) => {
    results.set(number, [...(results.get(number) || []), base + (program.inputs + place) * row]);
  });
  const at = {
    input: (number) => base + number * row, slot: (slot) => blocks + slot * BLOCK * 8, outputs: (number) => results.get(number) || [],
  };
  const pages = Math.ceil((base + (program.inputs + program.results.length) * row) / 65536);
  const functions = IMPORTED.map((name) => [...text("math"), ...text(name), 0, name === "pow" ? 5 : 0]);
  const memory = [...text("host"), ...text("memory"), 2, 0, ...unsigned(pages)];
  const firstSegment = IMPORTED.length + own.length;
  const segments = Array.from({ length: kept.segments }, (_, segment) => segmentBody(program, kept, segment, at, pool));
  const bodies = [...own, ...segments, mainBody(kept.segments, firstSegment)].map((parts) => joined(parts));
  const pairs = (count) => [count, ...new Array(count).fill(0x7b)];
  const module = joined([
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // Types: f64 -> f64, two v128 -> two, (i32, i32) -> nothing, i32 -> nothing, four v128 -> two, two f64 -> f64.
    ...section(1, vector([[0x60, 1, 0x7c, 1, 0x7c], [0x60, ...pairs(2), ...pairs(2)], [0x60, 2, 0x7f, 0x7f, 0], [0x60, 1, 0x7f, 0],
      [0x60, ...pairs(4), ...pairs(2)], [0x60, 2, 0x7c, 0x7c, 1, 0x7c]])),
    ...section(2, vector([...functions, memory])),
    ...section(3, vector([...OWN.map((name) => [name === "power" ? 4 : 1]), ...segments.map(() => [2]), [3]])),
    ...section(7, vector([[...text("run"), 0, ...unsigned(firstSegment + segments.length)]])),
    ...section(10, joined([unsigned(bodies.length), ...bodies.flatMap((body) => [unsigned(body.length), body])])),
  ]);
  return { module, words: pool.words, pages, input: at.input, result: (place) => base + (program.inputs + place) * row };
}

// 1 to any power is 1, as in C; JavaScript differs there.
const pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y));
const MATH = { sin: Math.sin, cos: Math.cos, tanh: Math.tanh, pow };

// Returns a program compiled for so many samples at most: {kind, inputs: [array], results: [array], run(samples)}.
export async function compiled(program, most) {
  const capacity = 4 * Math.ceil(most / 4), made = moduleBytes(program, capacity);
  const memory = new WebAssembly.Memory({ initial: made.pages });
  const { instance } = await WebAssembly.instantiate(made.module, { math: MATH, host: { memory } });
  new BigUint64Array(memory.buffer, 0, made.words.length).set(made.words);
  const rowAt = (offset) => new Float64Array(memory.buffer, offset, capacity);
  const inputs = Array.from({ length: program.inputs }, (_, number) => rowAt(made.input(number)));
  const results = program.results.map((_, place) => rowAt(made.result(place)));
  const run = (samples) => {
    copyBare(program, inputs, results);
    instance.exports.run(32 * Math.ceil(samples / 4));
  };
  return { kind: "WebAssembly", inputs, results, run };
}

// Results that are inputs or constants themselves: no operation writes them.
export function copyBare(program, inputs, results) {
  const first = program.inputs + program.constants.length;
  program.results.forEach((number, place) => {
    if (number < program.inputs) results[place].set(inputs[number]);
    else if (number < first) results[place].fill(program.constants[number - program.inputs]);
  });
}

// ---------------------------------------------------------------- the same in JavaScript

const SCRIPT = {
  add: (a, b) => `${a} + ${b}`, subtract: (a, b) => `${a} - ${b}`, multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / ${b}`, power: (a, b) => `pow(${a}, ${b})`,
  minimum: (a, b) => `Math.min(${a}, ${b})`, maximum: (a, b) => `Math.max(${a}, ${b})`,
  negative: (a) => `-${a}`, absolute: (a) => `Math.abs(${a})`, exp2: (a) => `Math.pow(2, ${a})`,
  square: (a) => `${a} * ${a}`, reciprocal: (a) => `1 / ${a}`,
  greater: (a, b) => `+(${a} > ${b})`, greater_equal: (a, b) => `+(${a} >= ${b})`, less: (a, b) => `+(${a} < ${b})`,
  less_equal: (a, b) => `+(${a} <= ${b})`, equal: (a, b) => `+(${a} === ${b})`, not_equal: (a, b) => `+(${a} !== ${b})`,
  logical_and: (a, b) => `+(${a} !== 0 && ${b} !== 0)`, logical_or: (a, b) => `+(${a} !== 0 || ${b} !== 0)`,
  logical_not: (a) => `+(${a} === 0)`, where: (a, b, c) => `${a} !== 0 ? ${b} : ${c}`,
};

// Returns JavaScript that defines run(memory, inputs, results, samples), segment by segment.
export function script(program) {
  const kept = layout(program);
  const { first, slots } = kept;
  const results = new Map();
  program.results.forEach((number, place) => results.set(number, [...(results.get(number) || []), place]));
  const functions = [];
  for (let segment = 0; segment < kept.segments; segment++) {
    const lines = [], known = new Set(), loads = [];
    const value = (number) => {
      if (number >= program.inputs && number < first) {
        const constant = program.constants[number - program.inputs];
        return constant < 0 || Object.is(constant, -0) ? `(${Object.is(constant, -0) ? "-0" : constant})` : `${constant}`;
      }
      if (!known.has(number)) {
        known.add(number);
        const from = number < program.inputs ? `I[${number}][i]` : `M[${slots.get(number)} * ${BLOCK} + j]`;
        loads.push(`const v${number} = ${from};`);
        lines.push(loads.pop());
      }
      return `v${number}`;
    };
    const end = Math.min((segment + 1) * SEGMENT, program.operations.length);
    for (let index = segment * SEGMENT; index < end; index++) {
      const [code, ...args] = program.operations[index];
      const name = program.names[code];
      const given = args.map(value);
      const body = SCRIPT[name] ? SCRIPT[name](...given) : `Math.${name}(${given[0]})`;
      const result = first + index;
      known.add(result);
      lines.push(`const v${result} = ${body};`);
      if (slots.has(result)) lines.push(`M[${slots.get(result)} * ${BLOCK} + j] = v${result};`);
      for (const place of results.get(result) || []) lines.push(`R[${place}][i] = v${result};`);
    }
    functions.push(`function s${segment}(I, R, M, a, b) { for (let i = a, j = 0; i < b; i++, j++) {\n${lines.join("\n")}\n} }`);
  }
  const calls = Array.from({ length: kept.segments }, (_, segment) => `s${segment}(I, R, M, a, b);`).join(" ");
  return `const pow = ${pow};
${functions.join("\n")}
function run(I, R, samples) {
  const M = new Float64Array(${Math.max(1, kept.used) * BLOCK});
  for (let a = 0; a < samples; a += ${BLOCK}) { const b = Math.min(a + ${BLOCK}, samples); ${calls} }
}`;
}
