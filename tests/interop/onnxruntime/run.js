// node run.js MODEL.onnx IMAGES.bin BATCH SIZE LOGITS.bin: one inference of float32 images (batch, 3, size, size).
const fs = require('fs');
const ort = require('onnxruntime-node');

async function main([model, input, batch, size, output]) {
  const options = { intraOpNumThreads: 2, graphOptimizationLevel: 'all', logSeverityLevel: 3 };
  const session = await ort.InferenceSession.create(model, options);
  const bytes = fs.readFileSync(input);
  const images = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const tensor = new ort.Tensor('float32', images, [+batch, 3, +size, +size]);
  const { logits } = await session.run({ images: tensor });
  fs.writeFileSync(output, Buffer.from(logits.data.buffer, logits.data.byteOffset, logits.data.byteLength));
}

main(process.argv.slice(2)).catch(error => {
  console.error(error.message);
  process.exit(1);
});
