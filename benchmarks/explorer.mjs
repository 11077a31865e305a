// The cost of moving one slider: the model on all samples again, its quantiles, shares, indices and the fan's text.

import { readFileSync } from "node:fs";

const [place, size, moves] = process.argv.slice(2);
const from = (name) => import(`${place}/${name}.js`);
const { Engine, unpacked } = await from("engine");
const { Answers } = await from("answers");
const { fan } = await from("charts");

const load = (text) => import(`data:text/javascript,${encodeURIComponent(text)}`);
const found = {};
const text = readFileSync(0, "utf8");
for (const plain of [false, true]) {
  const data = unpacked(JSON.parse(text));
  const answers = new Answers(new Engine(data, { plain, load }));
  const state = { set: data.worlds[0].set, scenario: "", output: data.outputs[0].name, year: data.year, moves: {} };
  const first = await answers.of(state, Number(size));
  const names = first.hangs.map(({ name }) => name).filter((name) => data.worlds[0].inputs[name].ends);
  const taken = [];
  for (let move = 0; move < Number(moves); move++) {
    const began = process.cpuUsage();
    state.moves = { [names[move % 8]]: { shift: 0.01 * (move + 1), width: 1.1 } };
    const answer = await answers.of(state, Number(size));
    fan({ years: data.years, bands: answer.bands, trend: answer.trend, observed: [], year: data.year, unit: "W", title: "" }, 900, 260);
    const { user, system } = process.cpuUsage(began);
    taken.push((user + system) / 1000);
  }
  taken.sort((a, b) => a - b);
  found[first.kind] = taken[Math.floor(taken.length / 2)];
}
process.stdout.write(JSON.stringify(found));
