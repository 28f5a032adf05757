// Sign-in through a provider of identity, in a real browser: the certified `oidc-provider` package,
// unmodified, against the real binary. Roles from groups, proof by `amr` and `acr`, step-up, logout
// at the provider, keys that change there, and what is refused.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { newKey, startProvider } from './provider.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const COOKIE = '__Host-wardgate';
const GROUPS = {
  'u-osei': ['Wardgate Privacy', 'Choir'],
  'nurse-kay': ['Choir'],
  'u-gone': ['Wardgate Privacy'],
  'u-new': ['Wardgate Privacy'],
  stranger: ['Wardgate Security'],
};
const PEOPLE = (issuer) => `kind: Person
id: dr-osei
roles: [clinician]
identities: [{ issuer: "${issuer}", subject: u-osei }]
---
kind: Person
id: nurse-kay
roles: [administrator]
---
kind: Person
id: dr-gone
roles: [clinician]
state: suspended
identities: [{ issuer: "${issuer}", subject: u-gone }]
---
kind: App
id: directory
name: Directory of the hospital
acts: autonomously
operations: [scim.provision]
systems: []
`;

let browser;
let dir;
let origin;
let provider;
let server;

const wardgate = (...args) => execFileSync(process.env.WARDGATE_BIN, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const freePort = () => new Promise((resolve, reject) => {
  const listener = createServer().once('error', reject);
  listener.listen(0, '127.0.0.1', () => {
    const { port } = listener.address();
    listener.close(() => resolve(port));
  });
});

/** Tries until the server takes connections. */
async function listening(port) {
  const attempt = () => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
  while (!(await attempt())) {
    assert.equal(server.exitCode, null, 'the server ended');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

before(async () => {
  dir = join(mkdtempSync(join(tmpdir(), 'wardgate-sso-')), 'data');
  const [gate, console, port] = [await freePort(), await freePort(), await freePort()];
  origin = `https://localhost:${console}`;
  wardgate('init', '--dir', dir, '--admin', 'ada', '--listen', `127.0.0.1:${gate}`, '--console', `127.0.0.1:${console}`, '--json');
  provider = await startProvider({
    port,
    ca: () => readFileSync(join(dir, 'tls', 'ca.pem')),
    groups: (account) => GROUPS[account] ?? [],
    client: {
      client_id: 'wardgate',
      client_secret: 'an invented secret/of a test+client',
      redirect_uris: [`${origin}/sso/hospital/callback`],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
      backchannel_logout_uri: `${origin}/sso/hospital/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
  });
  writeFileSync(join(dir, 'client-secret'), 'an invented secret/of a test+client\n', { mode: 0o600 });
  appendFileSync(join(dir, 'wardgate.yaml'), `
identity:
  scim_provider: hospital
  providers:
    - name: hospital
      label: Hospital sign-in
      issuer: "${provider.issuer}"
      client_id: wardgate
      client_secret_file: client-secret
      groups_claim: groups
      roles: { Wardgate Privacy: privacy_officer, Wardgate Security: security_lead }
      person_claim: sub
      step_up_acr: [phr]
`);
  const people = join(dir, 'people.yaml');
  writeFileSync(people, PEOPLE(provider.issuer));
  wardgate('apply', '--dir', dir, '-f', people);
  server = spawn(process.env.WARDGATE_BIN, ['serve', '--dir', dir], { stdio: ['ignore', 'ignore', process.env.WARDGATE_LOG ? 'inherit' : 'ignore'] });
  const certificate = new X509Certificate(readFileSync(join(dir, 'tls', 'server.pem')));
  const spki = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...FLAGS, `--ignore-certificate-errors-spki-list=${spki}`],
  });
  await listening(console);
});

after(async () => {
  await browser?.close();
  if (server && server.exitCode === null) {
    server.kill('SIGTERM');
    await new Promise((resolve) => { server.once('exit', resolve); });
  }
  await provider?.stop();
  if (dir) rmSync(join(dir, '..'), { recursive: true, force: true });
});

const someone = async () => {
  const context = await browser.newContext();
  return { context, page: await context.newPage() };
};

const cookie = async ({ context }) => (await context.cookies(origin)).find(({ name }) => name === COOKIE)?.value;

/** Who the console takes a browser for; its status when for nobody. */
const me = ({ page }) => page.evaluate(async (address) => {
  const answer = await fetch(address);
  return answer.status === 200 ? answer.json() : answer.status;
}, `${origin}/api/me`);

/** The form of the provider, where a person says who they are. */
async function prove({ page }, account, amr) {
  await page.waitForURL(`${provider.issuer}/sign-in/*`);
  await page.getByLabel('Account').fill(account);
  await page.getByLabel('Proof').selectOption(amr);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.waitForURL(`${origin}/**`);
}

async function signIn(who, account, amr = 'pwd otp', back = '/account') {
  await who.page.goto(`${origin}/sign-in?return=${encodeURIComponent(back)}`);
  await who.page.getByRole('link', { name: 'Hospital sign-in' }).click();
  await prove(who, account, amr);
}

/** What the console shows to somebody whom it does not let in. */
async function refused(who) {
  assert.equal(await cookie(who), undefined);
  return (await who.page.getByRole('main').textContent()).replace(/\s+/g, ' ').trim();
}

/** Where the provider sends a browser back to, which has not gone there yet. */
async function answerFor({ context }, account) {
  let next = `${origin}/sso/hospital/start`;
  while (!next.startsWith(`${origin}/sso/hospital/callback?`)) {
    const options = { maxRedirects: 0, ignoreHTTPSErrors: true };
    const answer = next.startsWith(`${provider.issuer}/sign-in/`)
      ? await context.request.post(next, { ...options, form: { account, amr: 'pwd otp' } })
      : await context.request.get(next, options);
    next = new URL(answer.headers().location, next).href;
  }
  return new URL(next);
}

const osei = {};

test('somebody signs in through the provider and has the roles of their groups alone', async () => {
  Object.assign(osei, await someone());
  await signIn(osei, 'u-osei');
  assert.equal(osei.page.url(), `${origin}/account`);
  const { id, roles, mfa_level: level } = await me(osei);
  assert.deepEqual({ id, roles, level }, { id: 'dr-osei', roles: ['privacy_officer'], level: 2 });
  const left = (await osei.context.cookies(origin)).map(({ name }) => name);
  assert.ok(!left.includes('__Host-wardgate-sso'), 'the sign-in is over');
});

test('a person found by the claim has no role that no group gives, whatever the record says', async () => {
  const kay = await someone();
  await signIn(kay, 'nurse-kay', 'pwd');
  const { id, roles, mfa_level: level } = await me(kay);
  assert.deepEqual({ id, roles, level }, { id: 'nurse-kay', roles: [], level: 1 });
  await kay.context.close();
});

test('the claim leads nobody to a record that is tied to another subject', async () => {
  const thief = await someone();
  await signIn(thief, 'dr-osei');
  assert.match(await refused(thief), /no access here/);
  await thief.context.close();
});

test('an unknown person and a suspended one are refused in the same words', async () => {
  const told = [];
  for (const account of ['stranger', 'u-gone']) {
    const who = await someone();
    await signIn(who, account);
    told.push(await refused(who));
    await who.context.close();
  }
  assert.match(told[0], /no access here/);
  assert.equal(told[0], told[1]);
});

test('somebody who goes away at the provider is told so', async () => {
  const who = await someone();
  await who.page.goto(`${origin}/sso/hospital/start`);
  await who.page.getByRole('button', { name: 'Never mind' }).click();
  await who.page.waitForURL(`${origin}/**`);
  assert.match(await refused(who), /did not let you in/);
  await who.context.close();
});

test('step-up asks the provider for a fresh proof and rotates the session', async () => {
  const before = await cookie(osei);
  let asked;
  const look = (request) => {
    if (request.url().startsWith(`${provider.issuer}/auth?`)) asked = new URL(request.url()).searchParams;
  };
  osei.page.on('request', look);
  await osei.page.goto(`${origin}/step-up?return=/account`);
  await osei.page.getByRole('link', { name: 'Hospital sign-in' }).click();
  // The provider has a session of this person, and asks all the same.
  await prove(osei, 'u-osei', 'phr');
  osei.page.off('request', look);
  assert.deepEqual([asked.get('prompt'), asked.get('max_age'), asked.get('acr_values')], ['login', '0', 'phr']);
  assert.equal(osei.page.url(), `${origin}/account`);
  const { roles, mfa_level: level, mfa_age_s: age } = await me(osei);
  assert.deepEqual({ roles, level }, { roles: ['privacy_officer'], level: 3 });
  assert.ok(age < 300);
  assert.notEqual(await cookie(osei), before);
  const stale = await someone();
  await stale.context.addCookies([{ name: COOKIE, value: before, url: origin, secure: true }]);
  await stale.page.goto(`${origin}/account`);
  assert.match(stale.page.url(), /\/sign-in/);
  await stale.context.close();
});

test('another person proves nothing for the one who is signed in', async () => {
  const kay = await someone();
  await signIn(kay, 'nurse-kay');
  const before = await cookie(kay);
  await kay.page.goto(`${origin}/sso/hospital/start?again=1`);
  await prove(kay, 'u-osei', 'phr');
  assert.match(await kay.page.getByRole('main').textContent(), /Somebody else/);
  assert.equal(await cookie(kay), before);
  // The provider has one session in a browser: it ended hers, and said so.
  assert.equal(await me(kay), 401);
  await kay.context.close();
});

test('an answer of the provider is good once', async () => {
  const who = await someone();
  const answer = await answerFor(who, 'u-osei');
  const begun = await who.context.cookies(origin);
  await who.page.goto(answer.href);
  assert.equal((await me(who)).id, 'dr-osei');
  for (const again of [[], begun]) {
    await who.context.clearCookies({ name: COOKIE });
    if (again.length > 0) await who.context.addCookies(again);
    assert.equal((await who.page.goto(answer.href)).status(), 400);
    assert.match(await refused(who), /began no sign-in/);
  }
  await who.context.close();
});

test('an answer in another browser signs nobody in', async () => {
  const attacker = await someone();
  const answer = await answerFor(attacker, 'nurse-kay');
  const victim = await someone();
  assert.equal((await victim.page.goto(answer.href)).status(), 400);
  assert.match(await refused(victim), /began no sign-in/);
  // Nor when that browser began a sign-in of its own.
  await answerFor(victim, 'u-osei');
  assert.equal((await victim.page.goto(answer.href)).status(), 400);
  assert.match(await refused(victim), /belongs to another sign-in/);
  await attacker.context.close();
  await victim.context.close();
});

test('an answer with another issuer, state or code is refused', async () => {
  for (const [name, value, told] of [
    ['iss', 'https://evil.example.org', /belongs to another sign-in/],
    ['iss', null, /belongs to another sign-in/],
    ['state', 'another', /belongs to another sign-in/],
    ['state', null, /belongs to another sign-in/],
    ['code', 'invented', /does not hold|can not be used/],
  ]) {
    const who = await someone();
    const answer = await answerFor(who, 'u-osei');
    if (value === null) answer.searchParams.delete(name);
    else answer.searchParams.set(name, value);
    await who.page.goto(answer.href);
    assert.match(await refused(who), told, `${name}=${value}`);
    await who.context.close();
  }
});

test('nobody is led away by the way back', async () => {
  for (const back of ['https://evil.example.org/', '//evil.example.org', '/\\evil.example.org', '/\t/evil.example.org', 'javascript:alert(1)']) {
    const who = await someone();
    await who.page.goto(`${origin}/sso/hospital/start?return=${encodeURIComponent(back)}`);
    await prove(who, 'u-osei', 'pwd otp');
    assert.equal(who.page.url(), `${origin}/`, back);
    await who.context.close();
  }
});

test('a session ends at once when the provider says that it is over, and no other does', async () => {
  const [here, there] = [await someone(), await someone()];
  provider.told.length = 0;
  await signIn(here, 'u-osei');
  await signIn(there, 'u-osei');
  await here.page.goto(`${provider.issuer}/session/end?client_id=wardgate`);
  await here.page.getByRole('button', { name: /yes/i }).click();
  await here.page.waitForURL(`${provider.issuer}/session/end/success*`);
  assert.deepEqual(provider.told, ['backchannel.success']);
  await here.page.goto(`${origin}/account`);
  assert.match(here.page.url(), /\/sign-in/);
  await there.page.goto(`${origin}/account`);
  assert.equal((await me(there)).id, 'dr-osei');
  await here.context.close();
  await there.context.close();
});

test('whom the directory provisions signs in, and whom it deactivates is out at once', async () => {
  const { secret } = JSON.parse(wardgate('key', 'create', '--dir', dir, '--app', 'directory', '--expires', '1d', '--json'));
  const clerk = await someone();
  const order = async (method, path, data) => {
    const answer = await clerk.context.request.fetch(`${origin}/scim/v2${path}`, {
      method, data, ignoreHTTPSErrors: true, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' },
    });
    // The body of a SCIM error has a `status` of its own, a string: the answer's own must win.
    return { ...await answer.json(), status: answer.status() };
  };
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const user = { schemas, userName: 'new.nurse@hospital.example', externalId: 'u-new', active: true };
  let made = await order('POST', '/Users', user);
  // The node looks for keys that another process made five times a second.
  for (let at = 0; made.status === 401 && at < 50; at += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    made = await order('POST', '/Users', user);
  }
  assert.deepEqual([made.status, made.id], [201, 'new.nurse']);
  const nurse = await someone();
  await signIn(nurse, 'u-new');
  assert.equal((await me(nurse)).id, 'new.nurse');
  const gone = await order('PATCH', '/Users/new.nurse', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
  });
  assert.deepEqual([gone.status, gone.active], [200, false]);
  assert.equal(await me(nurse), 401);
  await nurse.context.clearCookies();
  await signIn(nurse, 'u-new');
  assert.match(await refused(nurse), /no access here/);
  await nurse.context.close();
  await clerk.context.close();
});

test('whoever is no provider ends no session', async () => {
  const stranger = await someone();
  for (const token of ['', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.']) {
    const answer = await stranger.context.request.post(`${origin}/sso/hospital/backchannel-logout`,
      { form: { logout_token: token }, ignoreHTTPSErrors: true });
    assert.equal(answer.status(), 400);
  }
  await osei.page.goto(`${origin}/account`);
  assert.equal((await me(osei)).id, 'dr-osei');
  await stranger.context.close();
});

test('a key that the provider began to use is found, one that it left signs nobody in', async () => {
  provider.use([newKey('second')]);
  // The keys are asked for at most every half minute, so that nobody can make the console ask.
  const tried = await someone();
  for (let at = 0; ; at += 1) {
    await signIn(tried, 'u-osei');
    if (await cookie(tried)) break;
    assert.match(await refused(tried), /does not hold/);
    assert.ok(at < 60, 'the new key is never found');
    await tried.context.clearCookies();
    await new Promise((resolve) => { setTimeout(resolve, 1_000); });
  }
  assert.equal((await me(tried)).id, 'dr-osei');
  await tried.context.close();
  // The same name, another key.
  provider.use([newKey('second')]);
  const forged = await someone();
  await signIn(forged, 'u-osei');
  assert.match(await refused(forged), /does not hold/);
  await forged.context.close();
});
