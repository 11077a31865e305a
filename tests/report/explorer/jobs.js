// What the tests ask of the explorer's modules, in Node or in a browser. Bits of floats travel as hexadecimal digits, so that
// nothing is rounded on the way. `place` is where the modules are, `load` how a text becomes a module.

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const bits = (values) => Array.from(new Uint8Array(Float64Array.from(values).buffer), (byte) => DIGITS[byte]).join("");
const floats = (text) => new Float64Array(Uint8Array.from(text.match(/../g) || [], (byte) => parseInt(byte, 16)).buffer);

export async function answered(place, jobs, load) {
  const from = (name) => import(`${place}/${name}.js`);
  const { Points, normalScore, tails } = await from("points");
  const { mover, quantile } = await from("quantiles");
  const { Engine, interpreted, unpacked } = await from("engine");
  const { compiled } = await from("program");
  const { quantiles, firstOrder, bins } = await from("summaries");
  const { human, odds } = await from("words");
  const { Answers, reached } = await from("answers");
  const { fromFragment, toFragment, toPython, toToml } = await from("export");

  // Runs a bare program on inputs, by WebAssembly or JavaScript.
  async function program({ code, inputs, plain }) {
    const size = floats(inputs[0]).length;
    const ready = plain ? await interpreted(code, size, load) : await compiled(code, size);
    inputs.forEach((text, i) => { ready.inputs[i].set(floats(text)); });
    ready.run(size);
    return ready.results.map((row) => bits(row.slice(0, size)));
  }

  async function page({ data, states, size, plain }) {
    const known = unpacked(data), engine = new Engine(known, { load, plain, most: size }), answers = [];
    const start = { set: known.worlds[0].set, scenario: known.worlds[0].scenario, output: known.outputs[0].name, year: known.year, moves: {}, ghost: false };
    for (const fragment of states) {
      const state = fromFragment(fragment, start, known);
      const world = new Answers(engine).world(state);
      // A quick run first, as when a slider is dragged: the full one goes on from it.
      await engine.run(world, state.moves, size / 4);
      const run = await engine.run(world, state.moves, size);
      const names = Object.keys(run.inputs), output = known.outputs.find(({ name }) => name === state.output);
      const rows = run.rows(output.name, output.factor), year = rows.length > 1 ? known.years.indexOf(state.year) : 0;
      const indices = firstOrder(names.map((name) => bins(run.inputs[name].u, run.inputs[name].z.subarray(0, size))), rows[year]);
      const bands = rows.map((row) => quantiles(row, [0.05, 0.5, 0.95]));
      const level = output.levels.length ? output.levels[1][1] : bands[year][1];
      answers.push({
        rows: rows.map(bits), labels: known.holds ? run.rows(known.holds.name).map(bits) : [], quantiles: bands,
        said: [...bands[year].map((value) => human(value, output.unit, output.share)), odds(reached(rows, year, level))],
        indices: Object.fromEntries(names.map((name, i) => [name, [indices[i].index, indices[i].error]])),
        fragment: toFragment(state), kind: run.kind, python: toPython(state, known, level, size),
        toml: toToml(state, known, world, known.worlds.find((one) => one.set === state.set && !one.scenario) || world),
      });
    }
    return answers;
  }

  const known = {
    program, page,
    points: ({ columns, size }) => columns.map((column) => bits(new Points(column, size).upto(size / 8).upto(size).u)),
    scores: ({ p }) => bits(floats(p).map(normalScore)),
    tails: ({ z }) => Array.from(floats(z), (one) => bits(tails(one))),
    quantiles: ({ prior, z, move }) => bits(floats(z).map((one) => mover(prior, move)(quantile(prior, one)))),
    ranks: ({ values, probabilities }) => bits(quantiles(floats(values), probabilities)),
    words: ({ numbers, probabilities }) => [numbers.map((given) => human(...given)), probabilities.map(odds)],
  };
  const found = [];
  for (const { job, ...given } of jobs) found.push(await known[job](given));
  return found;
}
