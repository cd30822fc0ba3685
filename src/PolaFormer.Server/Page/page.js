// The page of the server: an image or a text in, the answer of the chosen model out. Nothing is fetched from elsewhere.
const element = id => document.getElementById(id);
const picture = element('picture'), pen = picture.getContext('2d');
const longestSide = 960, leastSide = 640, mostFactor = 4, layersDelay = 80;

let models = [], image = null, file = null, answer = null, map = null, rows = null, query = { x: 0.5, y: 0.5 }, asked = 0, key = '';

// Violet, least, over teal to yellow, most.
const scale = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function colourOf(share) {
  const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1), low = Math.min(Math.floor(at), scale.length - 2), part = at - low;
  return scale[low].map((value, i) => value + (scale[low + 1][i] - value) * part);
}

const model = () => models.find(one => one.name === element('model').value);

function tell(text, isWrong = false) {
  element('status').textContent = text;
  element('status').classList.toggle('wrong', isWrong);
}

async function ask(address, body, headers = {}) {
  if (key)
    headers['Authorization'] = `Bearer ${key}`;
  const response = await fetch(address, { method: body === undefined ? 'GET' : 'POST', body, headers });
  const content = await response.json().catch(() => ({}));
  element('credentials').hidden = response.status !== 401;
  if (response.status === 429)
    throw new Error(`The server is busy; try again in ${response.headers.get('Retry-After') ?? 1} s.`);
  if (!response.ok)
    throw new Error(content.detail ?? `The server answered ${response.status}.`);
  return content;
}

async function start() {
  try {
    models = await ask('/v1/models');
  } catch (error) {
    tell(error.message, true);
    return;
  }
  element('model').replaceChildren(...models.map(one => new Option(`${one.name} (${one.task})`, one.name)));
  choose();
}

function choose() {
  const chosen = model(), takesTexts = chosen?.inputs.includes('text');
  element('drop').hidden = takesTexts;
  element('texts').hidden = !takesTexts;
  element('second').hidden = element('second-label').hidden = !chosen?.inputs.includes('second');
  forget();
  if (!chosen)
    tell('No model is loaded.', true);
  else if (takesTexts)
    tell('No text yet.');
  else if (file)
    predict();
  else
    tell('No image yet.');
}

function forget() {
  answer = map = rows = null;
  element('answers').replaceChildren();
  element('timing').textContent = '';
  element('maps').hidden = element('attention').hidden = element('layers').hidden = true;
  press(false);
  picture.classList.remove('asks');
  picture.tabIndex = -1;
}

function press(isShown) {
  element('look').setAttribute('aria-pressed', isShown);
  element('look').textContent = isShown ? 'Hide attention' : 'Show attention';
}

async function show(blob) {
  if (!blob)
    return;
  file = blob;
  forget();
  image?.close();
  try {
    image = await createImageBitmap(blob);
  } catch {
    // The server reads formats that a browser does not.
    image = null;
  }
  const side = image ? Math.max(image.width, image.height) : 1, factor = side > longestSide ? longestSide / side : Math.max(1, Math.min(mostFactor, leastSide / side));
  picture.width = image ? Math.max(1, Math.round(image.width * factor)) : 1;
  picture.height = image ? Math.max(1, Math.round(image.height * factor)) : 1;
  picture.hidden = !image;
  element('invitation').textContent = image ? 'Drop or paste another image here, or' : 'Your browser does not show this format. Drop or paste another image, or';
  draw();
  await predict();
}

async function predict() {
  const number = ++asked, chosen = model();
  if (!chosen || !file)
    return;
  tell('…');
  const from = performance.now();
  try {
    const said = await ask(`/v1/predict?model=${encodeURIComponent(chosen.name)}&maps=true`, file, { 'Content-Type': 'application/octet-stream' });
    const answered = said.results[0], decoded = answered.map_png ? await bitmapOf(answered.map_png) : null;
    if (number !== asked)
      return;
    forget();
    [answer, map] = [answered, decoded];
    tellAnswer(performance.now() - from);
    element('attention').hidden = !chosen.attention || !image;
    draw();
  } catch (error) {
    if (number === asked) {
      forget();
      draw();
      tell(error.message, true);
    }
  }
}

async function predictText(event) {
  event.preventDefault();
  const number = ++asked, form = new FormData(), from = performance.now();
  form.append('text', element('first').value);
  if (!element('second').hidden)
    form.append('second', element('second').value);
  tell('…');
  try {
    const said = await ask(`/v1/predict?model=${encodeURIComponent(model().name)}`, form);
    if (number !== asked)
      return;
    forget();
    answer = said.results[0];
    tellAnswer(performance.now() - from);
  } catch (error) {
    forget();
    tell(error.message, true);
  }
}

async function bitmapOf(base64) {
  return createImageBitmap(new Blob([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], { type: 'image/png' }));
}

function tellAnswer(milliseconds) {
  const percent = share => `${(100 * share).toFixed(1)} %`;
  if (answer.predictions) {
    tell(`${answer.predictions[0].label}, ${percent(answer.predictions[0].probability)}`);
    element('answers').replaceChildren(...answer.predictions.map(one => bar(one.label, percent(one.probability), one.probability)));
  } else if (answer.classes) {
    tell(`${answer.classes.length} ${answer.classes.length === 1 ? 'class' : 'classes'} in ${answer.width}×${answer.height} pixels`);
    element('answers').replaceChildren(...answer.classes.map(one => bar(one.label, percent(one.share), one.share, one.color)));
    element('maps').hidden = !map;
  } else {
    tell(answer.objects.length === 1 ? '1 object' : `${answer.objects.length} objects`);
    element('answers').replaceChildren(...answer.objects.map((one, i) => bar(one.label, percent(one.score), one.score, boxColour(i))));
    element('maps').hidden = !answer.objects.some(one => one.mask);
  }
  const { decode_ms, queue_ms, compute_ms, batch } = answer.timing;
  element('timing').textContent = `${milliseconds.toFixed(0)} ms in all: decoding ${decode_ms.toFixed(1)}, queue ${queue_ms.toFixed(1)}, network ${compute_ms.toFixed(1)} ms${batch > 1 ? ` (batch of ${batch})` : ''}`;
}

// A bar as a picture: the page's policy allows no styles in elements.
function bar(label, text, share, colour) {
  const item = document.createElement('li'), name = document.createElement('span'), value = document.createElement('span');
  [name.textContent, value.textContent] = [label, text];
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), rect = document.createElementNS(svg.namespaceURI, 'rect');
  svg.setAttribute('viewBox', '0 0 100 1');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  rect.setAttribute('width', 100 * share);
  rect.setAttribute('height', 1);
  if (colour)
    rect.style.fill = `rgb(${colour})`;
  svg.append(rect);
  item.append(name, value, svg);
  return item;
}

const boxColour = i => [[37, 99, 235], [220, 38, 38], [22, 163, 74], [217, 119, 6], [147, 51, 234], [8, 145, 178]][i % 6];

function draw() {
  if (!image)
    return;
  pen.globalAlpha = 1;
  pen.drawImage(image, 0, 0, picture.width, picture.height);
  const opacity = element('opacity').value / 100;
  if (map) {
    pen.globalAlpha = opacity;
    pen.imageSmoothingEnabled = false;
    pen.drawImage(map, 0, 0, picture.width, picture.height);
    pen.imageSmoothingEnabled = true;
    pen.globalAlpha = 1;
  }
  if (answer?.objects)
    drawObjects(opacity);
  if (rows)
    drawAttention(rows.layers[element('layer').value]);
}

function drawObjects(opacity) {
  const across = picture.width / answer.width, down = picture.height / answer.height;
  answer.objects.forEach((one, i) => {
    const colour = boxColour(i);
    if (one.mask) {
      pen.globalAlpha = opacity;
      pen.drawImage(maskOf(one.mask, colour), 0, 0, picture.width, picture.height);
      pen.globalAlpha = 1;
    }
    const [left, top, right, bottom] = one.box;
    pen.lineWidth = 2;
    pen.strokeStyle = pen.fillStyle = `rgb(${colour})`;
    pen.strokeRect(left * across, top * down, (right - left) * across, (bottom - top) * down);
    pen.font = '14px system-ui, sans-serif';
    const text = `${one.label} ${(100 * one.score).toFixed(0)} %`, y = Math.max(top * down, 18);
    pen.fillRect(left * across, y - 18, pen.measureText(text).width + 8, 18);
    pen.fillStyle = '#fff';
    pen.fillText(text, left * across + 4, y - 4);
  });
}

// Runs down the columns, the first of them outside.
function maskOf(mask, colour) {
  const [height, width] = mask.size, canvas = new OffscreenCanvas(width, height), brush = canvas.getContext('2d'), pixels = brush.createImageData(width, height);
  let place = 0, isSet = false;
  for (const count of mask.counts) {
    if (isSet) {
      for (let i = place; i < place + count; i++)
        pixels.data.set([...colour, 255], 4 * ((i % height) * width + Math.floor(i / height)));
    }
    place += count;
    isSet = !isSet;
  }
  brush.putImageData(pixels, 0, 0);
  return canvas;
}

// The middle of the image, which the network sees.
function seen() {
  const margin = (1 - rows.seen_share) / 2;
  return { x: margin * picture.width, y: margin * picture.height, width: rows.seen_share * picture.width, height: rows.seen_share * picture.height };
}

function drawAttention(layer) {
  const canvas = new OffscreenCanvas(layer.width, layer.height), brush = canvas.getContext('2d'), pixels = brush.createImageData(layer.width, layer.height);
  const least = Math.min(...layer.weights), most = Math.max(...layer.weights);
  layer.weights.forEach((weight, i) => pixels.data.set([...colourOf(most > least ? (weight - least) / (most - least) : 0), 255], 4 * i));
  brush.putImageData(pixels, 0, 0);
  const area = seen();
  pen.globalAlpha = 0.6;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(canvas, area.x, area.y, area.width, area.height);
  pen.imageSmoothingEnabled = true;
  pen.globalAlpha = 1;
  const [x, y] = [area.x + layer.query[0] * area.width, area.y + layer.query[1] * area.height];
  for (const [width, colour] of [[5, '#000'], [2, '#fff']]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.arc(x, y, Math.max(6, picture.width / 60), 0, 2 * Math.PI);
    pen.stroke();
  }
  element('layer-name').textContent = `${Number(element('layer').value) + 1} of ${rows.layers.length}: ${layer.name}, ${layer.mechanism}`;
}

async function look() {
  const number = ++asked, kept = element('layer').value;
  try {
    const said = await ask(`/v1/attention?model=${encodeURIComponent(model().name)}&x=${query.x.toFixed(4)}&y=${query.y.toFixed(4)}`, file, { 'Content-Type': 'application/octet-stream' });
    if (number !== asked)
      return;
    rows = said;
    element('layer').max = rows.layers.length - 1;
    element('layer').value = Math.min(kept, rows.layers.length - 1);
    element('layers').hidden = false;
    press(true);
    picture.classList.add('asks');
    picture.tabIndex = 0;
    picture.setAttribute('aria-label', 'The image with its attention; arrow keys move the mark');
    draw();
  } catch (error) {
    if (number === asked)
      tell(error.message, true);
  }
}

function lookAt(x, y) {
  query = { x: Math.min(Math.max(x, 0), 1), y: Math.min(Math.max(y, 0), 1) };
  look();
}

let waiting = 0;
function onKey(event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!rows || !steps)
    return;
  event.preventDefault();
  const layer = rows.layers[element('layer').value], [x, y] = [query.x + steps[0] / layer.width, query.y + steps[1] / layer.height];
  query = { x: Math.min(Math.max(x, 0), 1), y: Math.min(Math.max(y, 0), 1) };
  clearTimeout(waiting);
  waiting = setTimeout(look, layersDelay);
}

element('model').addEventListener('change', choose);
element('file').addEventListener('change', event => show(event.target.files[0]));
element('texts').addEventListener('submit', predictText);
element('opacity').addEventListener('input', draw);
element('layer').addEventListener('input', draw);
element('look').addEventListener('click', () => {
  if (!rows) {
    look();
    return;
  }
  rows = null;
  element('layers').hidden = true;
  press(false);
  draw();
});
picture.addEventListener('click', event => {
  if (!rows)
    return;
  const area = seen(), factor = picture.width / picture.clientWidth;
  lookAt((event.offsetX * factor - area.x) / area.width, (event.offsetY * factor - area.y) / area.height);
});
picture.addEventListener('keydown', onKey);
element('credentials').addEventListener('submit', event => {
  event.preventDefault();
  key = element('key').value;
  start();
});
document.addEventListener('paste', event => show([...event.clipboardData.files].find(one => one.type.startsWith('image/'))));
for (const name of ['dragover', 'dragleave', 'drop']) {
  document.addEventListener(name, event => {
    event.preventDefault();
    element('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop')
      show(event.dataTransfer.files[0]);
  });
}
start();
