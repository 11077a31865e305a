// The model itself: samples of the inputs in, samples of the outputs out.

import { Sampler, isUncertain } from "./quantiles.js";
import { compiled, script } from "./program.js";

// The same in JavaScript, for where WebAssembly is refused: the code becomes a module of its own.
export async function interpreted(program, samples, load) {
  const module = await load(`${script(program)}\nexport { run };`);
  const rows = (count) => Array.from({ length: count }, () => new Float64Array(samples));
  const inputs = rows(program.inputs), results = rows(program.results.length);
  const first = program.inputs + program.constants.length;
  const run = () => {
    module.run(inputs, results, samples);
    program.results.forEach((number, place) => {
      if (number < program.inputs) results[place].set(inputs[number]);
      else if (number < first) results[place].fill(program.constants[number - program.inputs]);
    });
  };
  return { kind: "JavaScript", inputs, results, run };
}

async function fromBlob(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

// What a page was given, with each prior in its place.
export function unpacked(data) {
  for (const { code } of data.programs) code.constants = code.constants.map((value) => Number(value.toString().replace("inf", "Infinity")));
  for (const world of data.worlds) {
    // A world that lies over another one has only what differs.
    const first = data.worlds[world.over];
    if (first) {
      const kept = Object.entries(first.written).filter(([name]) => !world.gone.includes(name));
      Object.assign(world, { inputs: { ...Object.fromEntries(kept), ...world.inputs }, order: world.order || first.order, correlations: world.correlations || first.correlations });
    }
    world.written = world.inputs;
    world.inputs = Object.fromEntries(Object.entries(world.inputs).map(([name, id]) => [name, data.priors[id]]));
    // An uncertain input that no output needs still has a column of points.
    for (const name of world.order) world.inputs[name] = world.inputs[name] || { kind: "unused", id: `unused ${name}` };
  }
  return data;
}

export class Engine {
  constructor(data, { load = fromBlob, plain = false } = {}) {
    Object.assign(this, { data, load, plain });
    this.sampler = new Sampler(data.columns);
    this.ready = new Map();
  }

  async prepared(number, size) {
    const key = `${number} ${size}`;
    if (!this.ready.has(key)) {
      const { code } = this.data.programs[number];
      let made = null;
      if (!this.plain && typeof WebAssembly === "object") made = await compiled(code, size).catch(() => null);
      this.ready.set(key, { ...(made || await interpreted(code, size, this.load)), last: [] });
    }
    return this.ready.get(key);
  }

  // Runs a world with its moves. Returns the samples of each output at each year, in its own unit.
  async run(world, moves, size) {
    const program = this.data.programs[world.program];
    const ready = await this.prepared(world.program, size);
    const known = (name) => (name in world.inputs ? name : program.aliases[name]);
    const drawn = this.sampler.draw(world, moves, [...new Set(program.names.map(known))], size);
    program.names.forEach((name, place) => {
      const found = drawn[known(name)], scale = world.inputs[known(name)].factor;
      const state = found.values || found.value;
      if (ready.last[place] && ready.last[place][0] === state && ready.last[place][1] === scale) return;
      ready.last[place] = [state, scale];
      if (found.values) found.values.forEach((value, i) => { ready.inputs[place][i] = value * scale; });
      else ready.inputs[place].fill(found.value * scale);
    });
    ready.run();
    const rows = (name, scale = 1) => {
      const [first, count] = program.outputs[name] || [0, 0];
      return ready.results.slice(first, first + count).map((row) => (scale === 1 ? row.slice() : row.map((value) => value / scale)));
    };
    const scores = Object.fromEntries(Object.entries(drawn).filter(([name, found]) => found.z && isUncertain(world.inputs[name]))
      .map(([name, found]) => [name, found.z]));
    return { kind: ready.kind, size, rows, scores };
  }
}
