// A process of six elements run by bpmn-engine, its state saved as JSON and taken up again at every step.
// `node peer.mjs COUNT` prints how many instances a second.
import { Engine } from "bpmn-engine";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";

const source = readFileSync(0, "utf8");
const count = Number(process.argv[2]);

async function instance() {
  const first = new Engine({ name: "Benchmark", source });
  let execution = await first.execute({ listener: new EventEmitter(), variables: { answer: "yes" } });
  for (let step = 0; step < 3; step += 1) {
    const saved = JSON.stringify(await execution.getState());
    await execution.stop();
    const engine = new Engine({ name: "Benchmark" }).recover(JSON.parse(saved));
    const listener = new EventEmitter();
    const waiting = new Promise((resolve) => listener.once("activity.wait", resolve));
    const ended = new Promise((resolve) => engine.once("end", resolve));
    execution = await engine.resume({ listener });
    const task = await waiting;
    task.signal({ outcome: "done" });
    if (step === 2) await ended;
  }
}

await instance();
const began = performance.now();
for (let number = 0; number < count; number += 1) await instance();
console.log((count * 1000) / (performance.now() - began));
