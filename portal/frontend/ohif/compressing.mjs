// Compresses files once for all who will ask for them; answers with the endings that are kept beside each.
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const WORTH_IT = /\.(js|css|wasm|svg|json|html)$/;
// The next step takes four times as long for a tenth less: worth it for the one file that everybody waits for.
const [QUALITY, MOST_QUALITY] = [9, 10];
const brotli = (quality) => ({
  params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 24 },
});

export async function compressed(folder, names, { most }) {
  const kept = {};
  const waiting = [most, ...names.filter((name) => name !== most)]; // it takes the longest
  const work = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      kept[name] = WORTH_IT.test(name) ? await copies(join(folder, name), name === most ? MOST_QUALITY : QUALITY) : [];
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return kept;
}

async function copies(path, quality) {
  const plain = await readFile(path);
  const kinds = { br: await promisify(brotliCompress)(plain, brotli(quality)), gz: await promisify(gzip)(plain, { level: 9 }) };
  const small = Object.entries(kinds).filter(([, bytes]) => bytes.length < plain.length * 0.95);
  for (const [ending, bytes] of small) await writeFile(`${path}.${ending}`, bytes);
  return small.map(([ending]) => ending);
}
