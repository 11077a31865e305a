// What the tests ask of the explorer's modules: jobs come as JSON on the standard input, answers go to the output.
// Bits of floats travel as hexadecimal digits, so that nothing is rounded on the way.

import { readFileSync } from "node:fs";

const [place] = process.argv.slice(2);
const from = (name) => import(`${place}/${name}.js`);
const { Points, normalScore, tails } = await from("points");
const { mover, quantile } = await from("quantiles");
const { Engine, interpreted, unpacked } = await from("engine");
const { compiled } = await from("program");
const { quantiles, firstOrder, bins } = await from("summaries");
const { human, odds } = await from("words");
const { fromFragment, toFragment, toPython, toToml } = await from("export");

const load = (text) => import(`data:text/javascript,${encodeURIComponent(text)}`);
const bits = (values) => Buffer.from(Float64Array.from(values).buffer).toString("hex");
const floats = (text) => new Float64Array(Uint8Array.from(Buffer.from(text, "hex")).buffer);

// Runs a bare program on inputs, by WebAssembly or JavaScript.
async function program({ code, inputs, plain }) {
  const size = floats(inputs[0]).length;
  const ready = plain ? await interpreted(code, size, load) : await compiled(code, size);
  inputs.forEach((text, i) => { ready.inputs[i].set(floats(text)); });
  ready.run(size);
  return ready.results.map((row) => bits(row.slice(0, size)));
}

async function page({ data, states, size, plain }) {
  const known = unpacked(data), engine = new Engine(known, { load, plain }), answers = [];
  const start = { set: known.worlds[0].set, scenario: known.worlds[0].scenario, output: known.outputs[0].name, year: known.year, moves: {}, ghost: false };
  for (const fragment of states) {
    const state = fromFragment(fragment, start, known);
    const world = known.worlds.find((one) => one.set === state.set && one.scenario === state.scenario);
    const run = await engine.run(world, state.moves, size);
    const names = Object.keys(run.inputs), output = known.outputs.find(({ name }) => name === state.output);
    const rows = run.rows(output.name, output.factor), year = rows.length > 1 ? known.years.indexOf(state.year) : 0;
    const indices = firstOrder(names.map((name) => bins(run.inputs[name].u, run.inputs[name].z.subarray(0, size))), rows[year]);
    answers.push({
      rows: Object.fromEntries(known.outputs.map(({ name, factor }) => [name, run.rows(name, factor).map(bits)])),
      labels: known.holds ? run.rows(known.holds.name).map(bits) : [],
      quantiles: rows.map((row) => quantiles(row, [0.05, 0.5, 0.95])),
      indices: Object.fromEntries(names.map((name, i) => [name, [indices[i].index, indices[i].error]])),
      fragment: toFragment(state), kind: run.kind,
      python: toPython(state, known, [state.output], size),
      toml: toToml(state, known, world, known.worlds.find((one) => one.set === state.set && !one.scenario) || world),
    });
  }
  return answers;
}

const jobs = {
  program, page,
  points: ({ columns, size }) => columns.map((column) => bits(new Points(column, size).upto(size).u)),
  scores: ({ p }) => bits(floats(p).map(normalScore)),
  tails: ({ z }) => Array.from(floats(z), (one) => bits(tails(one))),
  quantiles: ({ prior, z, move }) => bits(floats(z).map((one) => mover(prior, move)(quantile(prior, one)))),
  words: ({ numbers, probabilities }) => [numbers.map((given) => human(...given)), probabilities.map(odds)],
};

const answers = [];
for (const { job, ...given } of JSON.parse(readFileSync(0, "utf8"))) answers.push(await jobs[job](given));
process.stdout.write(JSON.stringify(answers));
