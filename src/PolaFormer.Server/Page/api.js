// Shows /openapi.json: every address with what it takes and gives.
const make = (name, text, ...children) => {
  const made = document.createElement(name);
  if (text)
    made.textContent = text;
  made.append(...children);
  return made;
};

const description = await (await fetch('/openapi.json')).json();
const resolved = node => node?.$ref ? node.$ref.slice(2).split('/').reduce((at, part) => at[part], description) : node;

// A schema as the JSON that it is of.
function example(schema, depth = 0) {
  const one = resolved(schema);
  if (!one || depth > 6)
    return '…';
  if (one.example !== undefined)
    return one.example;
  if (one.type === 'object')
    return Object.fromEntries(Object.entries(one.properties ?? {}).map(([name, part]) => [name, example(part, depth + 1)]));
  if (one.type === 'array')
    return [example(one.items, depth + 1)];
  return one.enum ? one.enum.join(' | ') : one.description ? `${one.type}: ${one.description}` : one.type ?? '…';
}

function content(title, of) {
  return Object.entries(of ?? {}).flatMap(([type, media]) => [make('h4', `${title}: ${type}`), make('pre', JSON.stringify(example(media.schema), null, 2))]);
}

function operation(method, path, one) {
  const parameters = (one.parameters ?? []).map(resolved).map(parameter => make('li', '', make('span', `${parameter.name} (${parameter.in})`), make('span', ''), make('p', parameter.description)));
  const answers = Object.entries(one.responses), problems = answers.filter(([, answer]) => answer.$ref).map(([code]) => code);
  const responses = answers.filter(([, answer]) => !answer.$ref).flatMap(([code, answer]) => [make('h4', `${code}: ${answer.description}`), ...content('answer', answer.content)]);
  if (problems.length)
    responses.push(make('h4', `${problems.join(', ')}: a problem`), make('pre', JSON.stringify(example({ $ref: '#/components/schemas/Problem' }), null, 2)));
  return make('details', '',
    make('summary', '', make('strong', `${method.toUpperCase()} `), make('code', path), make('span', ` ${one.summary}`)),
    make('p', one.description ?? ''), make('ul', '', ...parameters), ...content('body', resolved(one.requestBody)?.content), ...responses);
}

document.getElementById('description').append(
  make('p', description.info.description),
  ...Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => operation(method, path, one))));
