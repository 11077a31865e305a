// Jobs for jobs.js in Node: they come as JSON on the standard input, the answers go to the output.

import { readFileSync } from "node:fs";
import { answered } from "./jobs.js";

const load = (text) => import(`data:text/javascript,${encodeURIComponent(text)}`);
process.stdout.write(JSON.stringify(await answered(process.argv[2], JSON.parse(readFileSync(0, "utf8")), load)));
