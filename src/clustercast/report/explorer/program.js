// A traced program made ready to run in the reader's browser: as WebAssembly with SIMD, or as JavaScript.
//
// A program is {inputs: n, constants: [...], names: [...], operations: [[name, ...arguments], ...], results: [...]}:
// numbers below n are inputs, the next ones constants, then the operations in order. It is run on vectors of samples:
// pairs of samples go through segments of some hundred operations, whose values live in locals; what a later segment
// needs is kept in memory for a block of samples that fits in the cache.

const BLOCK = 256;      // samples that go through all segments together
const SEGMENT = 400;    // operations in a function
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

const section = (number, bytes) => [number, ...unsigned(bytes.length), ...bytes];
const vector = (items) => [...unsigned(items.length), ...items.flat()];
const text = (word) => vector([...new TextEncoder().encode(word)].map((byte) => [byte]));
const bits = (value) => [...new Uint8Array(new Float64Array([value]).buffer)];

const simd = (code) => [0xfd, ...unsigned(code)];
const CODE = {
  eq: 0x47, ne: 0x48, lt: 0x49, gt: 0x4a, le: 0x4b, ge: 0x4c, not: 0x4d, and: 0x4e, or: 0x50, select: 0x52,
  ceil: 0x74, floor: 0x75, nearest: 0x94, abs: 0xec, neg: 0xed, sqrt: 0xef, add: 0xf0, sub: 0xf1, mul: 0xf2,
  div: 0xf3, min: 0xf4, max: 0xf5, pmin: 0xf6, pmax: 0xf7, addInteger: 0xce, shiftLeft: 0xcb, shiftRight: 0xcd,
};
const op = Object.fromEntries(Object.entries(CODE).map(([name, code]) => [name, simd(code)]));
const get = (local) => [0x20, ...unsigned(local)];
const set = (local) => [0x21, ...unsigned(local)];
const integer = (value) => [0x41, ...signed(value)];
const pair = (value) => [...simd(0x0c), ...bits(value), ...bits(value)];
const pattern = (hexadecimal) => {
  const bytes = [];
  for (let place = 14; place >= 0; place -= 2) bytes.push(parseInt(hexadecimal.slice(place, place + 2), 16));
  return [...simd(0x0c), ...bytes, ...bytes];
};
const load = (offset) => [...simd(0x00), 0x03, ...unsigned(offset)];
const store = (offset) => [...simd(0x0b), 0x03, ...unsigned(offset)];

// ---------------------------------------------------------------- functions of one pair of samples

const LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;

// exp(r) - 1 for |r| <= ln(2) / 2 by Taylor's series to r^13, from r in local 1, the result on the stack: in pairs of terms
// (G. Estrin), so that few steps wait for one another. Locals 5, 6, 7 hold r^2, r^4, r^8.
function seriesOfExp() {
  const terms = [];
  for (let n = 1, factorial = 1; n <= 13; n++) terms.push(1 / (factorial *= n));
  const two = (n) => (n < 6 ? [...get(1), ...pair(terms[2 * n + 1]), ...op.mul, ...pair(terms[2 * n]), ...op.add] : pair(terms[12]));
  const four = (n) => (n < 3 ? [...two(2 * n + 1), ...get(5), ...op.mul, ...two(2 * n), ...op.add] : two(6));
  const eight = (n) => [...four(2 * n + 1), ...get(6), ...op.mul, ...four(2 * n), ...op.add];
  return [
    ...get(1), ...get(1), ...op.mul, ...set(5), ...get(5), ...get(5), ...op.mul, ...set(6), ...get(6), ...get(6), ...op.mul,
    ...set(7), ...eight(1), ...get(7), ...op.mul, ...eight(0), ...op.add, ...get(1), ...op.mul,
  ];
}

// Locals: 0 x, 1 r, 2 k, 3 half of 2^k, for 2^k itself is infinite where the result just is not.
function reduced() {
  return [
    ...get(0), ...pair(Math.LOG2E), ...op.mul, ...op.nearest, ...set(2),
    ...get(0), ...get(2), ...pair(LN2_HIGH), ...op.mul, ...op.sub, ...get(2), ...pair(LN2_LOW), ...op.mul, ...op.sub,
    ...set(1),
    // 1.5 * 2^52 + k has k in its low bits: shifted into the exponent and added to 0.5 it is half of 2^k.
    ...get(2), ...pair(6755399441055744), ...op.add, ...integer(52), ...op.shiftLeft, ...pair(0.5), ...op.addInteger,
    ...set(3),
  ];
}

const clamped = [...get(0), ...pair(709.79), ...op.pmin, ...pair(-708.3), ...op.pmax, ...set(0)];
// Beyond the range of a double: 0 below, infinity above (local 4 keeps x).
const bounded = (low) => [
  ...set(3), ...pair(low), ...get(3), ...get(4), ...pair(-708.3), ...op.lt, ...op.select, ...set(3),
  ...pair(Infinity), ...get(3), ...get(4), ...pair(709.782712893384), ...op.gt, ...op.select,
];
const expBody = [...get(0), ...set(4), ...clamped, ...reduced(),
  ...seriesOfExp(), ...pair(1), ...op.add, ...get(3), ...op.mul, ...pair(2), ...op.mul, ...bounded(0)];
const expm1Body = [...get(0), ...set(4), ...clamped, ...reduced(),
  ...seriesOfExp(), ...get(3), ...op.mul, ...get(3), ...pair(0.5), ...op.sub, ...op.add, ...pair(2), ...op.mul,
  ...bounded(-1)];

// fdlibm's logarithm: x = 2^e (1 + f), s = f / (2 + f). Locals: 0 x, 1 e, 2 f, 3 s, 4 s^2, 5 f^2 / 2, 6 x as given.
const LG = [6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
  1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01];
function logBody() {
  let series = pair(LG[6]);
  for (let n = 5; n >= 0; n--) series = [...series, ...get(4), ...op.mul, ...pair(LG[n]), ...op.add];
  return [
    ...get(0), ...set(6),
    ...get(0), ...integer(52), ...op.shiftRight, ...pattern("4330000000000000"), ...op.or, ...pair(4503599627370496),
    ...op.sub, ...pair(1023), ...op.sub, ...set(1),
    ...get(0), ...pattern("000fffffffffffff"), ...op.and, ...pair(1), ...op.or, ...set(2),
    // A mantissa above the root of 2 is halved; local 3 says where.
    ...get(2), ...pair(Math.SQRT2), ...op.gt, ...set(3),
    ...get(2), ...pair(0.5), ...op.mul, ...get(2), ...get(3), ...op.select, ...pair(1), ...op.sub, ...set(2),
    ...get(1), ...get(3), ...pair(1), ...op.and, ...op.add, ...set(1),
    ...get(2), ...get(2), ...pair(2), ...op.add, ...op.div, ...set(3),
    ...get(3), ...get(3), ...op.mul, ...set(4),
    ...get(2), ...get(2), ...op.mul, ...pair(0.5), ...op.mul, ...set(5),
    ...get(1), ...pair(LN2_HIGH), ...op.mul,
    ...get(5), ...get(3), ...get(5), ...series, ...get(4), ...op.mul, ...op.add, ...op.mul,
    ...get(1), ...pair(LN2_LOW), ...op.mul, ...op.add, ...op.sub, ...get(2), ...op.sub, ...op.sub, ...set(3),
    ...pair(-Infinity), ...get(3), ...get(6), ...pair(0), ...op.eq, ...op.select, ...set(3),
    ...pair(Infinity), ...get(3), ...get(6), ...pair(Infinity), ...op.eq, ...op.select, ...set(3),
    ...get(3), ...pair(NaN), ...get(6), ...pair(0), ...op.ge, ...op.select,
  ];
}

// log(1 + x) with the rounding of 1 + x put right, but where 1 + x is 0 or infinite. Locals: 0 x, 1 u, 2 log(u).
const log1pBody = (log) => [
  ...get(0), ...pair(1), ...op.add, ...set(1), ...get(1), 0x10, ...unsigned(log), ...set(2), ...get(2),
  ...get(2), ...get(0), ...get(1), ...pair(1), ...op.sub, ...op.sub, ...get(1), ...op.div, ...op.add,
  ...get(1), ...pair(0), ...op.eq, ...get(1), ...pair(Infinity), ...op.eq, ...op.or, ...op.select,
];

// A function of JavaScript's Math on each of the two samples.
const eachBody = (imported) => [
  ...get(0), ...simd(0x21), 0, 0x10, ...unsigned(imported), ...simd(0x14),
  ...get(0), ...simd(0x21), 1, 0x10, ...unsigned(imported), ...simd(0x22), 1,
];

const EACH = ["sin", "cos", "tanh"];
const IMPORTED = [...EACH, "pow"];
const OWN = ["exp", "expm1", "log", "log1p", ...EACH, "power"];
const ownNumber = (name) => IMPORTED.length + OWN.indexOf(name);

// x to the y: by logarithms where x is positive and both are finite, else by JavaScript's for each of the two samples.
const powerBody = (exp, log, imported) => [
  ...get(0), ...pair(0), ...op.gt, ...get(0), ...pair(Infinity), ...op.lt, ...op.and,
  ...get(1), ...op.abs, ...pair(Infinity), ...op.lt, ...op.and, ...simd(0xc3), 0x04, 0x7b,
  ...get(0), 0x10, ...unsigned(log), ...get(1), ...op.mul, 0x10, ...unsigned(exp), 0x05,
  ...get(0), ...simd(0x21), 0, ...get(1), ...simd(0x21), 0, 0x10, ...unsigned(imported), ...simd(0x14),
  ...get(0), ...simd(0x21), 1, ...get(1), ...simd(0x21), 1, 0x10, ...unsigned(imported), ...simd(0x22), 1, 0x0b,
];

// ---------------------------------------------------------------- from operations to code

// How the values of a program are kept: results and inputs for all samples, others where a later segment needs them.
function layout(program) {
  const first = program.inputs + program.constants.length;
  const count = first + program.operations.length;
  const place = (number) => Math.floor((number - first) / SEGMENT);
  const lastUse = new Int32Array(count).fill(-1);
  program.operations.forEach((operation, index) => {
    for (const argument of operation.slice(1)) lastUse[argument] = Math.floor(index / SEGMENT);
  });
  const slots = new Map(), free = [];
  const ends = [];
  let used = 0;
  for (let number = first; number < count; number++) {
    const segment = place(number);
    for (const [end, slot] of ends.splice(0)) (end < segment ? free.push(slot) : ends.push([end, slot]));
    if (lastUse[number] > segment) {
      const slot = free.length ? free.pop() : used++;
      slots.set(number, slot);
      ends.push([lastUse[number], slot]);
    }
  }
  return { first, count, slots, used, segments: Math.ceil(program.operations.length / SEGMENT), place };
}

const BINARY = { add: "add", subtract: "sub", multiply: "mul", divide: "div", minimum: "min", maximum: "max" };
const COMPARE = { greater: "gt", greater_equal: "ge", less: "lt", less_equal: "le", equal: "eq", not_equal: "ne" };
const UNARY = { negative: "neg", absolute: "abs", sqrt: "sqrt", floor: "floor", ceil: "ceil" };
const call = (name) => [0x10, ...unsigned(ownNumber(name))];

// Code that leaves the result of an operation on the stack; number(a) and truth(a) leave its arguments there.
function emitted(name, args, number, truth, isTruth) {
  if (name in BINARY) {
    // min and max give NaN where either number is NaN, as NumPy's do; pmin and pmax would not.
    return [...number(args[0]), ...number(args[1]), ...op[BINARY[name]]];
  }
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
    case "reciprocal": return [...pair(1), ...number(args[0]), ...op.div];
    case "exp2": return [...number(args[0]), ...pair(Math.LN2), ...op.mul, ...call("exp")];
    case "log2": return [...number(args[0]), ...call("log"), ...pair(Math.LOG2E), ...op.mul];
    case "log10": return [...number(args[0]), ...call("log"), ...pair(Math.LOG10E), ...op.mul];
    case "power": return [...number(args[0]), ...number(args[1]), ...call("power")];
    case "sign": return [
      ...number(args[0]), ...number(args[0]), ...pair(0), ...op.gt, ...pair(1), ...op.and,
      ...number(args[0]), ...pair(0), ...op.lt, ...pair(1), ...op.and, ...op.sub,
      ...number(args[0]), ...number(args[0]), ...op.ne, ...op.select,
    ];
    default: return [...number(args[0]), ...call(name)];
  }
}

// The body of one segment: parameters 0 (bytes into all samples) and 1 (bytes into the block), then locals.
function segmentBody(program, kept, segment, at) {
  const { first, slots, place } = kept;
  const locals = new Map();
  const local = (number) => {
    if (!locals.has(number)) locals.set(number, 2 + locals.size);
    return locals.get(number);
  };
  const known = new Set();
  const code = [];
  const isTruth = (number) => number >= first && truths(program, number - first);
  const value = (number) => {
    if (number >= program.inputs && number < first) return pair(program.constants[number - program.inputs]);
    if (!known.has(number)) {
      known.add(number);
      const own = number < program.inputs;
      code.push(...get(own ? 0 : 1), ...load(own ? at.input(number) : at.slot(slots.get(number))), ...set(local(number)));
    }
    return get(local(number));
  };
  const number = (argument) => (isTruth(argument) ? [...value(argument), ...pair(1), ...op.and] : value(argument));
  const truth = (argument) => (isTruth(argument) ? value(argument) : [...value(argument), ...pair(0), ...op.ne]);
  const end = Math.min((segment + 1) * SEGMENT, program.operations.length);
  for (let index = segment * SEGMENT; index < end; index++) {
    const [name, ...args] = program.operations[index];
    const result = first + index;
    const body = emitted(program.names[name], args, number, truth, isTruth);
    code.push(...body, ...set(local(result)));
    known.add(result);
    if (slots.has(result)) code.push(...get(1), ...get(local(result)), ...store(at.slot(slots.get(result))));
    for (const output of at.outputs(result)) code.push(...get(0), ...number(result), ...store(output));
  }
  return [...vector([[...unsigned(locals.size), 0x7b]]), ...code, 0x0b];
}

// Whether an operation gives a truth value.
function truths(program, index) {
  const [name, ...args] = program.operations[index];
  const first = program.inputs + program.constants.length;
  if (program.names[name] !== "where") return LOGICAL.has(program.names[name]);
  return args.slice(1).every((argument) => argument >= first && truths(program, argument - first));
}

// Runs all segments for blocks of samples: local 0 the end in bytes, 1 the block's first byte, 2 the pair's.
function mainBody(segments, firstSegment) {
  const loops = [];
  for (let segment = 0; segment < segments; segment++) {
    loops.push(
      ...get(1), ...set(2), 0x03, 0x40,
      ...get(2), ...get(2), ...get(1), 0x6b, 0x10, ...unsigned(firstSegment + segment),
      ...get(2), ...integer(16), 0x6a, ...set(2),
      ...get(2), ...get(1), ...integer(BLOCK * 8), 0x6a, 0x49, ...get(2), ...get(0), 0x49, 0x71, 0x0d, 0, 0x0b,
    );
  }
  return [
    ...vector([[2, 0x7f]]), 0x03, 0x40, ...loops,
    ...get(1), ...integer(BLOCK * 8), 0x6a, ...set(1), ...get(1), ...get(0), 0x49, 0x0d, 0, 0x0b, 0x0b,
  ];
}

// Returns the bytes of a module and where its inputs and results lie, for a number of samples (a multiple of 2).
export function moduleBytes(program, samples) {
  const kept = layout(program);
  const row = samples * 8;
  const base = kept.used * BLOCK * 8;
  const results = new Map();
  program.results.forEach((number, place) => {
    if (!results.has(number)) results.set(number, []);
    results.get(number).push(base + (program.inputs + place) * row);
  });
  const at = {
    input: (number) => base + number * row,
    slot: (slot) => slot * BLOCK * 8,
    outputs: (number) => results.get(number) || [],
  };
  const bytes = base + (program.inputs + program.results.length) * row;
  const pages = Math.ceil(bytes / 65536);
  const each = IMPORTED.map((name) => [...text("math"), ...text(name), 0, name === "pow" ? 5 : 0]);
  const memory = [...text("host"), ...text("memory"), 2, 0, ...unsigned(pages)];
  const own = [
    [7, expBody], [7, expm1Body], [6, logBody()], [2, log1pBody(ownNumber("log"))],
    ...EACH.map((name, place) => [0, eachBody(place)]),
    [0, powerBody(ownNumber("exp"), ownNumber("log"), IMPORTED.indexOf("pow"))],
  ].map(([locals, body]) => [...vector(locals ? [[...unsigned(locals), 0x7b]] : []), ...body, 0x0b]);
  const firstSegment = IMPORTED.length + own.length;
  const segments = Array.from({ length: kept.segments }, (_, segment) => segmentBody(program, kept, segment, at));
  const bodies = [...own, ...segments, mainBody(kept.segments, firstSegment)];
  const module = new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    // Types: f64 -> f64, v128 -> v128, (i32, i32) -> nothing, i32 -> nothing, two v128 -> v128, two f64 -> f64.
    ...section(1, vector([[0x60, 1, 0x7c, 1, 0x7c], [0x60, 1, 0x7b, 1, 0x7b], [0x60, 2, 0x7f, 0x7f, 0], [0x60, 1, 0x7f, 0],
      [0x60, 2, 0x7b, 0x7b, 1, 0x7b], [0x60, 2, 0x7c, 0x7c, 1, 0x7c]])),
    ...section(2, vector([...each, memory])),
    ...section(3, vector([...OWN.map((name) => [name === "power" ? 4 : 1]), ...segments.map(() => [2]), [3]])),
    ...section(7, vector([[...text("run"), 0, ...unsigned(firstSegment + segments.length)]])),
    ...section(10, vector(bodies.map((body) => [...unsigned(body.length), ...body]))),
  ]);
  return { module, pages, input: at.input, result: (place) => base + (program.inputs + place) * row };
}

// 1 to any power is 1, as in C; JavaScript differs there.
const pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y));
const MATH = { sin: Math.sin, cos: Math.cos, tanh: Math.tanh, pow };

// Returns a program compiled for a number of samples: {kind, inputs: [array], results: [array], run()}.
export async function compiled(program, samples) {
  const made = moduleBytes(program, samples);
  const memory = new WebAssembly.Memory({ initial: made.pages });
  const { instance } = await WebAssembly.instantiate(made.module, { math: MATH, host: { memory } });
  const rowAt = (offset) => new Float64Array(memory.buffer, offset, samples);
  const inputs = Array.from({ length: program.inputs }, (_, number) => rowAt(made.input(number)));
  const results = program.results.map((_, place) => rowAt(made.result(place)));
  const bare = barePlaces(program, inputs, results);
  return { kind: "WebAssembly", inputs, results, run: () => { bare(); instance.exports.run(samples * 8); } };
}

// Results that are inputs or constants themselves: no operation writes them.
function barePlaces(program, inputs, results) {
  const first = program.inputs + program.constants.length;
  return () => program.results.forEach((number, place) => {
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
