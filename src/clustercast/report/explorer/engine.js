// The model itself: samples of the inputs in, samples of the outputs out.

import { Sampler, isUncertain, named } from "./quantiles.js";
import { compiled, copyBare, script } from "./program.js";

// The same in JavaScript, for where WebAssembly is refused: the code becomes a module of its own.
export async function interpreted(program, most, load = fromBlob) {
  const module = await load(`${script(program)}\nexport { run };`);
  const rows = (count) => Array.from({ length: count }, () => new Float64Array(most));
  const inputs = rows(program.inputs), results = rows(program.results.length);
  const run = (samples) => {
    module.run(inputs, results, samples);
    copyBare(program, inputs, results);
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
  for (const program of data.programs) Object.assign(program, { outputs: named(program.outputs), aliases: named(program.aliases) });
  for (const { code } of data.programs) code.constants = code.constants.map((value) => Number(value.toString().replace("inf", "Infinity")));
  for (const world of data.worlds) {
    // A world that lies over another one has only what differs.
    const first = data.worlds[world.over];
    if (first) {
      const kept = Object.entries(first.written).filter(([name]) => !world.gone.includes(name));
      Object.assign(world, { inputs: named(Object.fromEntries(kept), world.inputs), order: world.order || first.order, correlations: world.correlations || first.correlations });
    }
    world.written = world.inputs;
    world.inputs = named(Object.fromEntries(Object.entries(world.inputs).map(([name, id]) => [name, data.priors[id]])));
    // An uncertain input that no output needs still has a column of points.
    for (const name of world.order) world.inputs[name] = world.inputs[name] || { kind: "unused", id: `unused ${name}` };
  }
  return data;
}

export class Engine {
  // `most` is the largest sample that is asked for.
  constructor(data, { load, plain = false, most = 16384 } = {}) {
    Object.assign(this, { data, load, plain, most });
    this.sampler = new Sampler(data.columns, most);
    this.ready = new Map();
  }

  async prepared(number) {
    if (!this.ready.has(number)) {
      const { code } = this.data.programs[number];
      let made = null;
      if (!this.plain && typeof WebAssembly === "object") made = await compiled(code, this.most).catch(() => null);
      this.ready.set(number, { ...(made || await interpreted(code, this.most, this.load)), last: [] });
    }
    return this.ready.get(number);
  }

  // Runs a world with its moves. Returns the samples of each output at each year, in its own unit, and those of the inputs.
  async run(world, moves, size) {
    const program = this.data.programs[world.program];
    const ready = await this.prepared(world.program);
    const known = (name) => (name in world.inputs ? name : program.aliases[name]);
    const drawn = this.sampler.draw(world, moves, [...new Set(program.names.map(known))], size);
    program.names.forEach((name, place) => {
      const result = drawn[known(name)], scale = world.inputs[known(name)].factor, state = result.values || result.value;
      const last = ready.last[place] || {}, from = last.state === state && last.scale === scale ? last.size : 0;
      if (from >= size) return;
      ready.last[place] = { state, scale, size };
      const row = ready.inputs[place];
      if (result.values) for (let i = from; i < size; i++) row[i] = result.values[i] * scale;
      else row.fill(result.value * scale, from, size);
    });
    ready.run(size);
    const rows = (name, scale = 1) => {
      const [first, count] = program.outputs[name] || [0, 0];
      return ready.results.slice(first, first + count).map((row) => {
        const own = row.slice(0, size);
        if (scale !== 1) for (let i = 0; i < size; i++) own[i] /= scale;
        return own;
      });
    };
    const inputs = named(Object.fromEntries(Object.entries(drawn).filter(([, result]) => result.values)));
    return { kind: ready.kind, size, rows, inputs };
  }
}
