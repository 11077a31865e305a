// A traced program made ready to run in the reader's browser: as WebAssembly with SIMD, or as JavaScript.
//
// A program is {inputs: n, constants: [...], names: [...], operations: [[name, ...arguments], ...], results: [...]}:
// numbers below n are inputs, the next ones constants, then the operations in order. It is run on vectors of samples:
// four samples at a time, as two pairs, go through segments of some hundred operations, whose values live in locals; what a
// later segment needs is kept in memory for a block of samples that fits in the cache.

import {
  HALVES, IMPORTED, MATH, OWN, Pool, call, get, integer, joined, load, op, ownBodies, ownNumber, pow, section, set, store,
  text, unsigned, vector,
} from "./functions.js";

const BLOCK = 32;       // samples that go through all segments together, a multiple of 4
const SEGMENT = 400;    // operations in a function
const STEP = 32;        // bytes of the samples of one call
const LOGICAL = new Set(["greater", "greater_equal", "less", "less_equal", "equal", "not_equal",
  "logical_and", "logical_or", "logical_not"]);

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
