// What decodes images beside the page: a worker, and the decoders it asks for as images come compressed.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const MARK = "charlswasm_decode"; // one of its decoders by name
const PART = /^\d+\.bundle\.\w+\.js$/;
const DECODER = /\b[0-9a-f]{16}\.wasm\b/g;

// The worker's script first, then its decoders, the smallest first: they are fetched ahead in this order.
export async function decodingFiles(folder) {
  for (const name of (await readdir(folder)).filter((one) => PART.test(one))) {
    const text = await readFile(join(folder, name), "utf8");
    if (text.includes(MARK)) return [name, ...(await bySize(folder, new Set(text.match(DECODER))))];
  }
  throw new Error("error: the package holds no worker that decodes");
}

async function bySize(folder, names) {
  const sized = await Promise.all([...names].map(async (name) => [(await stat(join(folder, name))).size, name]));
  return sized.sort(([one], [other]) => one - other).map(([, name]) => name);
}
