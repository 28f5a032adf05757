// The official OpenAI package for Node, unmodified: calls, streams, tools, and its own exceptions.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import OpenAI from 'openai';

const scene = JSON.parse(readFileSync(process.env.WARDGATE_E2E, 'utf8'));
const NAME = 'Maren Oduya-Linholm';
const NOTE = `${NAME}, born 1961-07-23, record MRN-00834417, phone 555-013-8842, of 4417 Quarry Hill Road, Eastmere.`;
const TOOL = {
  type: 'function',
  function: { name: 'file_note', parameters: { type: 'object', properties: { note: { type: 'string' } } } },
};

function client(key = 'good', headers = {}) {
  return new OpenAI({
    baseURL: scene.base_url,
    apiKey: scene.keys[key] ?? key,
    defaultHeaders: { 'wardgate-purpose': 'TREAT', 'wardgate-patient': 'Patient/linholm', ...headers },
    maxRetries: 0,
    timeout: 30_000,
  });
}

const ask = (text = NOTE, more = {}) => ({ model: 'ward-chat', messages: [{ role: 'user', content: text }], ...more });

async function seen() {
  return (await fetch(`http://${scene.model}/calls`)).json();
}

async function onlyPlaceholdersSeen() {
  const bodies = await seen();
  assert.ok(bodies.length > 0);
  for (const { body } of bodies) {
    for (const identifier of ['Oduya', 'Linholm', '1961-07-23', '00834417', '555-013-8842', 'Quarry Hill']) {
      assert.ok(!body.includes(identifier), `the model saw ${identifier}`);
    }
  }
}

async function refused(kind, status, code, call) {
  await seen();
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
    assert.equal(error.code, code);
    assert.ok(error.requestID);
    assert.ok(!error.message.includes('Linholm'));
    return true;
  });
  assert.deepEqual(await seen(), []);
}

test('json', async () => {
  await seen();
  const answer = await client().chat.completions.create(ask());
  assert.equal(answer.choices[0].message.content, `You said: ${NOTE}`);
  assert.ok(answer._request_id);
  await onlyPlaceholdersSeen();
});

test('stream', async () => {
  await seen();
  let text = '';
  let finish;
  for await (const chunk of await client().chat.completions.create(ask(NOTE, { stream: true }))) {
    text += chunk.choices[0].delta.content ?? '';
    finish = chunk.choices[0].finish_reason ?? finish;
  }
  assert.equal(text, `You said: ${NOTE}`);
  assert.equal(finish, 'stop');
  await onlyPlaceholdersSeen();
});

test('stream helper with tool calls', async () => {
  await seen();
  const stream = client().chat.completions.stream(ask(`use-the-tool ${NOTE}`, { tools: [TOOL] }));
  const answer = await stream.finalChatCompletion();
  const call = answer.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, 'file_note');
  assert.deepEqual(JSON.parse(call.function.arguments), { note: `use-the-tool ${NOTE}`, count: 1 });
  await onlyPlaceholdersSeen();
});

test('tool call', async () => {
  const answer = await client().chat.completions.create(ask(`use-the-tool ${NOTE}`, { tools: [TOOL] }));
  const call = answer.choices[0].message.tool_calls[0];
  assert.deepEqual(JSON.parse(call.function.arguments), { note: `use-the-tool ${NOTE}`, count: 1 });
});

test('embeddings', async () => {
  await seen();
  const answer = await client().embeddings.create({ model: 'ward-embed', input: NOTE });
  assert.deepEqual(answer.data[0].embedding.slice(0, 2), [0.25, -0.5]);
  await onlyPlaceholdersSeen();
});

test('models', async () => {
  const names = [];
  for await (const model of client().models.list()) names.push(model.id);
  assert.ok(names.includes('ward-chat'));
  assert.ok(!names.includes('old-chat'));
});

test('refusals raise the exceptions of the package', async () => {
  const denied = { 'wardgate-patient': 'Patient/abara' };
  const { PermissionDeniedError, AuthenticationError, NotFoundError, BadRequestError } = OpenAI;
  const create = (one, body) => () => one.chat.completions.create(body);
  await refused(PermissionDeniedError, 403, 'consent.denied', create(client('good', denied), ask()));
  await refused(PermissionDeniedError, 403, 'consent.denied', create(client('good', denied), ask(NOTE, { stream: true })));
  await refused(PermissionDeniedError, 403, 'vendor.agreement_expired', create(client(), { ...ask(), model: 'old-chat' }));
  await refused(AuthenticationError, 401, 'identity.key_invalid', create(client('not-a-key'), ask()));
  await refused(NotFoundError, 404, 'model.not_found', create(client(), { ...ask(), model: 'no-such-model' }));
  await refused(BadRequestError, 400, 'request.invalid', create(client(), { model: 'ward-chat', messages: 'none' }));
});

test('the rate limit of an application', async () => {
  const kiosk = client('second-kiosk');
  await kiosk.chat.completions.create(ask('hello'));
  await refused(OpenAI.RateLimitError, 429, 'limits.rate', () => kiosk.chat.completions.create(ask('hello')));
});

test('a stream that breaks off raises an error of the package', async () => {
  const stream = await client().chat.completions.create(ask(`break-off ${'a long text '.repeat(20)}`, { stream: true }));
  await assert.rejects(
    async () => {
      for await (const chunk of stream) assert.ok(chunk);
    },
    (error) => error instanceof OpenAI.APIError && error.code === 'answer.broken_off',
  );
});
