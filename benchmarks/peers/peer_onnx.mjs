// Measures ONNX Runtime on a file and prints one line of JSON.
//   node peer_onnx.mjs FILE.onnx [--batch 1] [--size 224] [--threads 2] [--seconds 3] [--modules FOLDER]
// FOLDER is where npm has installed onnxruntime-node; tests/interop/onnxruntime where not given.
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals: [file] } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(['batch', 'size', 'threads', 'seconds', 'modules'].map(name => [name, { type: 'string' }])),
});
const fail = message => { console.error(message); process.exit(1); };
if (!file) fail('Name an .onnx file.');

const modules = resolve(values.modules ?? join(dirname(fileURLToPath(import.meta.url)), '../../tests/interop/onnxruntime'));
let ort;
try {
  ort = createRequire(join(modules, 'peer_onnx.mjs'))('onnxruntime-node');
} catch {
  fail(`ONNX Runtime is missing: ${modules} has no onnxruntime-node. Run tests/interop/onnxruntime/install.sh, or name another folder with --modules.`);
}

const batch = Number(values.batch ?? 1), size = Number(values.size ?? 224), threads = Number(values.threads ?? 2);
const session = await ort.InferenceSession.create(file, {
  executionProviders: ['cpu'], graphOptimizationLevel: 'all', executionMode: 'sequential', intraOpNumThreads: threads, interOpNumThreads: 1,
  extra: { session: { set_denormal_as_zero: '1' } },   // masked softmax makes denormals, which are slow on many processors
});
const images = new ort.Tensor('float32', Float32Array.from({ length: batch * 3 * size * size }, () => Math.random()), [batch, 3, size, size]);
const feeds = { [session.inputNames[0]]: images };
const milliseconds = (Number(values.seconds ?? 3)) * 1000;

let start = performance.now();
do await session.run(feeds); while (performance.now() - start < milliseconds / 3);
const times = [];
start = performance.now();
while (times.length < 3 || performance.now() - start < milliseconds) {
  const before = performance.now();
  await session.run(feeds);
  times.push(performance.now() - before);
}

times.sort((a, b) => a - b);
const middle = times.length >> 1;
console.log(JSON.stringify({
  peer: `ONNX Runtime ${ort.env.versions.node ?? ''}`.trim(),
  threads,
  median_ms: times.length % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2,
  peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
}));
