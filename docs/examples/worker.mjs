// A worker for external tasks in JavaScript without packages (Node.js 18 or later).
//
//   CONSILIUM=https://region.example TOKEN=cst_... node worker.mjs measure
const { CONSILIUM, TOKEN, ROUNDS = "Infinity" } = process.env;
const name = `worker-${process.pid}`;

async function ask(path, body) {
  const answer = await fetch(`${CONSILIUM}/api/external-tasks/${path}/`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify({ worker: name, ...body }),
  });
  if (answer.status === 409) return null; // the step is over, or another worker has it: nothing to do
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

// The work itself. `task.uid` is the same if the step comes twice: do not do it twice.
async function work(task) {
  return { doubled: 2 * task.arguments.number };
}

for (let round = 0; round < Number(ROUNDS); round += 1) {
  const tasks = await ask("fetch-and-lock", { topics: process.argv.slice(2), most: 5, lock_s: 300, wait_s: 20 });
  for (const task of tasks) {
    let result;
    try {
      result = await work(task);
    } catch (error) {
      await ask(`${task.uid}/fail`, { code: error.name }); // a code, without its text
      continue;
    }
    await ask(`${task.uid}/complete`, { result });
  }
}
