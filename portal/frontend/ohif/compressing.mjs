// Compresses a file once for all who will ask for it; answers with the endings that are kept beside it.
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const WORTH_IT = /\.(js|css|wasm|svg|json|html)$/;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 } };

export async function compressed(path) {
  if (!WORTH_IT.test(path)) return [];
  const plain = await readFile(path);
  const kinds = { br: await promisify(brotliCompress)(plain, BROTLI), gz: await promisify(gzip)(plain, { level: 9 }) };
  const kept = Object.entries(kinds).filter(([, bytes]) => bytes.length < plain.length * 0.95);
  for (const [ending, bytes] of kept) await writeFile(`${path}.${ending}`, bytes);
  return kept.map(([ending]) => ending);
}
