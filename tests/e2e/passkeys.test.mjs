// People and the console in a real browser: enrolment by link, passkeys of a virtual
// authenticator, one-time codes of `oathtool`, step-up, sessions, recovery; by keyboard, and
// looked at by axe.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PASSWORD = 'lantern otter gravel quilt';
const COOKIE = '__Host-wardgate';
const SHOTS = process.env.WARDGATE_SHOTS;

let browser;
let dir;
let origin;
let server;

const wardgate = (...args) => JSON.parse(
  execFileSync(process.env.WARDGATE_BIN, [...args, '--json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));

const freePort = () => new Promise((resolve, reject) => {
  const listener = createServer().once('error', reject);
  listener.listen(0, '127.0.0.1', () => {
    const { port } = listener.address();
    listener.close(() => resolve(port));
  });
});

/** The code of an authenticator app, `away` seconds from now. */
const oathtool = (secret, away = 0) => execFileSync('oathtool', ['--totp', '--base32',
  `--now=${new Date(Date.now() + away * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`, secret.replace(/ /g, '')],
{ encoding: 'utf8' }).trim();

const linkFor = (person, command = 'link') => wardgate('admin', command, person, '--dir', dir).link;

before(async () => {
  dir = join(mkdtempSync(join(tmpdir(), 'wardgate-people-')), 'data');
  const [gate, console] = [await freePort(), await freePort()];
  origin = `https://localhost:${console}`;
  const made = wardgate('init', '--dir', dir, '--admin', 'ada', '--listen', `127.0.0.1:${gate}`, '--console', `127.0.0.1:${console}`);
  assert.ok(made.enrolment_link.startsWith(`${origin}/enrol/`));
  const people = join(dir, 'people.yaml');
  writeFileSync(people, ['ben', 'cleo', 'dora'].map((id) => `kind: Person\nid: ${id}\nroles: [administrator]\n`).join('---\n'));
  wardgate('apply', '--dir', dir, '-f', people);
  server = spawn(process.env.WARDGATE_BIN, ['serve', '--dir', dir], { stdio: 'ignore' });
  const certificate = new X509Certificate(readFileSync(join(dir, 'tls', 'server.pem')));
  const spki = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Passkeys need a connection without a fault: this one key is trusted, and nothing else.
    args: [...FLAGS, `--ignore-certificate-errors-spki-list=${spki}`],
  });
  await listening(console);
});

/** Tries until the server takes connections. */
async function listening(port) {
  const { connect } = await import('node:net');
  const attempt = () => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
  while (!(await attempt())) {
    assert.equal(server.exitCode, null, 'the server ended');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

after(async () => {
  await browser?.close();
  if (server && server.exitCode === null) {
    server.kill('SIGTERM');
    await new Promise((resolve) => { server.once('exit', resolve); });
  }
  if (dir) rmSync(join(dir, '..'), { recursive: true, force: true });
});

/** A browser of somebody, with faults of its pages noted. */
async function someone(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A refused sign-in is told by its status as well as by the page.
    if (message.type() === 'error' && !/status of (401|404|409|422|429)/.test(message.text())) faults.push(message.text());
  });
  return { context, page, faults };
}

/** A device that verifies its owner and keeps passkeys. */
async function authenticator({ context, page }) {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    keys: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verifies: (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    remove: () => cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
    put: (credential) => cdp.send('WebAuthn.addCredential', { authenticatorId, credential }),
  };
}

async function looksGood(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(grave.map(({ id, nodes }) => [name, id, nodes.map(({ html }) => html)]), []);
  if (!SHOTS) return;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [[1200, 900], [380, 800]]) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}-${width}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1200, height: 900 });
}

const cookie = async ({ context }) => (await context.cookies(origin)).find(({ name }) => name === COOKIE);

async function enrolWithPasskey(who, link, label) {
  await who.page.goto(link);
  await who.page.getByLabel('Name of this device').fill(label);
  await who.page.getByRole('button', { name: 'Create a passkey' }).click();
  await who.page.waitForURL(`${origin}/account`);
}

async function signIn({ page }) {
  await page.goto(`${origin}/sign-in?return=/account`);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.waitForURL(`${origin}/account`);
}

/** Goes by keyboard to what has a name, and sees at each step where it is. */
async function tabTo(page, name) {
  for (let at = 0; at < 60; at += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const { activeElement: at } = document;
      const text = (at.labels?.[0] ?? at).textContent.trim().replace(/\s+/g, ' ');
      return { text, seen: at === document.body || getComputedStyle(at).outlineStyle !== 'none' };
    });
    assert.ok(focused.seen, `nothing shows that the keyboard is at "${focused.text}"`);
    if (focused.text === name) return;
  }
  assert.fail(`the keyboard does not reach "${name}"`);
}

const ada = {};
const ben = {};

test('an administrator enrols by the link of init, once', async () => {
  const who = await someone();
  ada.who = who;
  ada.device = await authenticator(who);
  const { enrolment_link: link } = { enrolment_link: linkFor('ada') };
  await who.page.goto(link);
  await looksGood(who.page, 'enrol');
  await enrolWithPasskey(who, link, 'Ward laptop');
  const [key] = await ada.device.keys();
  assert.equal(key.isResidentCredential, true);
  assert.equal(key.rpId, 'localhost');
  const row = who.page.getByRole('row', { name: /Ward laptop/ });
  assert.match(await row.textContent(), /Without it you could not sign in/);
  await looksGood(who.page, 'account');
  const again = await who.page.goto(link);
  assert.equal(again.status(), 404);
  await looksGood(who.page, 'link-used');
  assert.deepEqual(who.faults, []);
});

test('the cookie of a session is for this host, over TLS, out of reach of scripts', async () => {
  const { httpOnly, secure, sameSite, path, domain, expires } = await cookie(ada.who);
  assert.deepEqual({ httpOnly, secure, sameSite, path, domain, expires },
    { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: 'localhost', expires: -1 });
  assert.equal(await ada.who.page.evaluate(() => document.cookie), '');
});

test('signing out and in again by keyboard only, without a name', async () => {
  const { page } = ada.who;
  await page.goto(`${origin}/account`);
  await tabTo(page, 'Sign out');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${origin}/sign-in`);
  assert.equal(await cookie(ada.who), undefined);
  await looksGood(page, 'sign-in');
  await tabTo(page, 'Sign in with a passkey');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${origin}/`);
  assert.ok(await cookie(ada.who));
  assert.deepEqual(ada.who.faults, []);
});

test('a session that was set before sign-in is not the one afterwards', async () => {
  const victim = await someone();
  const device = await authenticator(victim);
  for (const key of await ada.device.keys()) await device.put(key);
  const planted = (await cookie(ada.who)).value;
  for (const value of [planted, 'planted0000000000000000000000000000000000000']) {
    await victim.context.clearCookies();
    await victim.context.addCookies([{ name: COOKIE, value, url: origin, secure: true, httpOnly: true, sameSite: 'Lax' }]);
    await signIn(victim);
    assert.notEqual((await cookie(victim)).value, value);
  }
  const attacker = await someone();
  await attacker.context.addCookies([{ name: COOKIE, value: planted, url: origin, secure: true }]);
  await attacker.page.goto(`${origin}/account`);
  assert.match(attacker.page.url(), /\/sign-in/);
  await attacker.context.close();
  await victim.context.close();
  await signIn(ada.who);
});

test('a device that does not verify its owner signs nobody in', async () => {
  const { page } = ada.who;
  const before = (await cookie(ada.who)).value;
  await ada.device.verifies(false);
  await page.goto(`${origin}/sign-in`);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.locator('form[data-passkey] [role=alert]:not(:empty)').waitFor();
  assert.equal((await cookie(ada.who)).value, before);
  await ada.device.verifies(true);
});

test('step-up rotates the session, and a second passkey is added', async () => {
  const { page } = ada.who;
  await signIn(ada.who);
  const before = (await cookie(ada.who)).value;
  await page.goto(`${origin}/step-up?return=/account`);
  await looksGood(page, 'step-up');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.waitForURL(`${origin}/account`);
  const after = (await cookie(ada.who)).value;
  assert.notEqual(after, before);
  const stale = await someone();
  await stale.context.addCookies([{ name: COOKIE, value: before, url: origin, secure: true }]);
  await stale.page.goto(`${origin}/account`);
  assert.match(stale.page.url(), /\/sign-in/);
  await stale.context.close();

  await page.goto(`${origin}/account`);
  await page.getByLabel('Name of the new passkey').fill('Same laptop');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('This device holds a passkey of yours already').waitFor();
  const keys = await ada.device.keys();
  await ada.device.remove();
  ada.second = await authenticator(ada.who);
  await page.getByLabel('Name of the new passkey').fill('Key in the safe');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('The passkey was added').waitFor();
  assert.equal(await page.getByRole('row', { name: /Key in the safe/ }).count(), 1);
  ada.firstKeys = keys;
});

test('a passkey that was removed signs nobody in', async () => {
  const { page } = ada.who;
  const row = page.getByRole('row', { name: /Ward laptop/ });
  await row.getByRole('button', { name: /^Remove/ }).click();
  await page.getByText('It was removed').waitFor();
  const thief = await someone();
  const device = await authenticator(thief);
  for (const key of ada.firstKeys) await device.put(key);
  await thief.page.goto(`${origin}/sign-in`);
  await thief.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await thief.page.locator('form[data-passkey] [role=alert]:not(:empty)').waitFor();
  assert.equal(await cookie(thief), undefined);
  await thief.context.close();
});

test('a session ended from elsewhere is over at once', async () => {
  const there = await someone();
  const device = await authenticator(there);
  for (const key of await ada.second.keys()) await device.put(key);
  await signIn(there);
  await ada.who.page.goto(`${origin}/account`);
  await ada.who.page.getByRole('button', { name: 'End all others' }).click();
  await ada.who.page.getByText('The session was ended').waitFor();
  await there.page.goto(`${origin}/account`);
  assert.match(there.page.url(), /\/sign-in/);
  await there.context.close();
});

test('an account is kept by keyboard only: passkeys added, renamed and removed, a session ended', async () => {
  const { page } = ada.who;
  const held = await ada.second.keys();
  const there = await someone();
  const device = await authenticator(there);
  for (const key of held) await device.put(key);
  await signIn(there);
  await ada.second.remove();
  const spare = await authenticator(ada.who);

  await page.goto(`${origin}/account`);
  await tabTo(page, 'Name of the new passkey');
  await page.keyboard.type('Spare phone');
  await tabTo(page, 'Add a passkey');
  await page.keyboard.press('Enter');
  await page.getByText('The passkey was added').waitFor();
  assert.equal((await spare.keys()).length, 1);
  await looksGood(page, 'account-full');

  await tabTo(page, 'New name of Spare phone');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Phone <b>at home</b>');
  await page.keyboard.press('Enter');
  await page.getByText('The name was changed').waitFor();
  assert.equal(await page.getByRole('row', { name: /Spare phone/ }).count(), 0);
  assert.equal(await page.getByRole('row', { name: /Phone <b>at home<\/b>/ }).count(), 1);

  await tabTo(page, 'Remove Phone <b>at home</b>');
  await page.keyboard.press('Enter');
  await page.getByText('It was removed').waitFor();
  assert.match(await page.getByRole('row', { name: /Key in the safe/ }).textContent(), /Without it you could not sign in/);

  const end = await page.getByRole('button', { name: /^End the session of/ }).textContent();
  await tabTo(page, end.trim());
  await page.keyboard.press('Enter');
  await page.getByText('The session was ended').waitFor();
  await there.page.goto(`${origin}/account`);
  assert.match(there.page.url(), /\/sign-in/);
  await there.context.close();

  await spare.remove();
  ada.second = await authenticator(ada.who);
  for (const key of held) await ada.second.put(key);
  await signIn(ada.who);
  assert.deepEqual(ada.who.faults, []);
});

test('a password and an authenticator app enrol and sign in without any script', async () => {
  const who = await someone({ javaScriptEnabled: false });
  ben.who = who;
  const { page } = who;
  await page.goto(linkFor('ben'));
  await page.getByLabel('New password').fill('short');
  await page.getByLabel('The same again').fill('short');
  await page.getByRole('button', { name: 'Continue' }).click();
  assert.match(await page.getByRole('alert').first().textContent(), /at least 12 characters/i);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByLabel('The same again').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  ben.secret = await page.locator('code.secret').textContent();
  await page.getByLabel('Code from the app').fill('000000');
  await page.getByRole('button', { name: 'Finish' }).click();
  assert.match(await page.getByRole('alert').first().textContent(), /wrong/);
  await page.getByLabel('Code from the app').fill(oathtool(ben.secret, -30));
  await page.getByRole('button', { name: 'Finish' }).click();
  ben.codes = await page.locator('ol.codes li').allTextContents();
  ben.codes = ben.codes.map((code) => code.trim());
  assert.equal(new Set(ben.codes).size, 10);
  await page.getByRole('link', { name: 'I have kept them' }).click();
  assert.equal(page.url(), `${origin}/account`);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Name').fill('ben');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  ben.used = oathtool(ben.secret);
  await page.getByLabel('Code from your authenticator app').fill(ben.used);
  await page.getByRole('button', { name: 'Sign in' }).click();
  assert.ok(await cookie(who));
});

test('a one-time code is good once', async () => {
  const who = await someone();
  const { page } = who;
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('Name').fill('ben');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await looksGood(page, 'code');
  await page.getByLabel('Code from your authenticator app').fill(ben.used);
  await page.getByRole('button', { name: 'Sign in' }).click();
  assert.match(await page.getByRole('alert').first().textContent(), /used before/);
  await looksGood(page, 'code-refused');
  assert.equal(await cookie(who), undefined);
  await who.context.close();
});

test('a wrong password and an unknown name read the same', async () => {
  const who = await someone();
  const told = [];
  for (const name of ['ben', 'nobody.of.that.name']) {
    await who.page.goto(`${origin}/sign-in`);
    await who.page.getByLabel('Name').fill(name);
    await who.page.getByLabel('Password').fill('not the password at all');
    const [answer] = await Promise.all([
      who.page.waitForResponse((response) => response.request().method() === 'POST'),
      who.page.getByRole('button', { name: 'Continue' }).click(),
    ]);
    const text = (await answer.text()).replaceAll(name, 'NAME');
    told.push([answer.status(), text]);
  }
  assert.deepEqual(told[0], told[1]);
  assert.equal(told[0][0], 401);
  await looksGood(who.page, 'sign-in-refused');
  await who.context.close();
});

test('a recovery code opens the way to new ways to sign in, once, and ends what was before', async () => {
  const who = await someone();
  const device = await authenticator(who);
  const recover = async () => {
    await who.page.goto(`${origin}/recover`);
    await who.page.getByLabel('Name').fill('ben');
    await who.page.getByLabel('Password').fill(PASSWORD);
    await who.page.getByLabel('Recovery code').fill(ben.codes[0].toLowerCase());
    await who.page.getByRole('button', { name: 'Continue' }).click();
  };
  await recover();
  assert.match(who.page.url(), /\/enrol\//);
  assert.match(await who.page.getByRole('main').textContent(), /takes the place of all/);
  assert.equal(await cookie(who), undefined, 'a code alone opens no session');
  const enrolment = who.page.url();
  await recover();
  assert.match(await who.page.getByRole('alert').first().textContent(), /used before/);
  await looksGood(who.page, 'recover-refused');
  await enrolWithPasskey(who, enrolment, 'New phone');
  assert.equal((await device.keys()).length, 1);
  await ben.who.page.goto(`${origin}/account`);
  assert.match(ben.who.page.url(), /\/sign-in/, 'earlier sessions ended');
  ben.new = who;
  ben.device = device;
});

test('the passkey of another person steps nobody up, nor does a challenge of another kind', async () => {
  const { page } = ada.who;
  await signIn(ada.who);
  const before = (await cookie(ada.who)).value;
  const [key] = await ben.device.keys();
  await ada.second.put(key);
  const finish = (begin, id) => page.evaluate(async ([path, credential]) => {
    const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
    const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    const post = (to, body) => fetch(to, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    const { challenge, options } = await (await post(path, {})).json();
    const { response, ...found } = await (async () => {
      const got = await navigator.credentials.get({ publicKey: {
        ...options.publicKey,
        challenge: decode(options.publicKey.challenge),
        allowCredentials: [{ type: 'public-key', id: decode(credential) }],
      } });
      return { id: got.id, rawId: encode(got.rawId), type: got.type, extensions: {}, response: got.response };
    })();
    const answer = { ...found, response: {
      authenticatorData: encode(response.authenticatorData),
      clientDataJSON: encode(response.clientDataJSON),
      signature: encode(response.signature),
      userHandle: response.userHandle ? encode(response.userHandle) : null,
    } };
    return (await post('/step-up/passkey/finish', { challenge, answer, next: '/' })).status;
  }, [begin, id]);
  const own = (await ada.second.keys()).find(({ credentialId }) => credentialId !== key.credentialId);
  assert.equal(await finish('/step-up/passkey/begin', key.credentialId), 401);
  assert.equal(await finish('/sign-in/passkey/begin', own.credentialId), 401);
  assert.equal((await cookie(ada.who)).value, before);
  assert.equal(await finish('/step-up/passkey/begin', own.credentialId), 200);
});

test('whoever runs the host brings an administrator back, and their sessions end', async () => {
  const link = linkFor('ben', 'recover');
  await ben.new.page.goto(`${origin}/account`);
  assert.match(ben.new.page.url(), /\/sign-in/);
  await enrolWithPasskey(ben.new, link, 'Newest phone');
  const administrators = wardgate('admin', 'list', '--dir', dir);
  const enrolled = administrators.filter((one) => one.enrolled).map((one) => one.id);
  assert.deepEqual(enrolled, ['ada', 'ben']);
});

test('pages of setting up an app look good', async () => {
  const who = await someone();
  await who.page.goto(linkFor('cleo'));
  await who.page.getByLabel('New password').fill(PASSWORD);
  await who.page.getByLabel('The same again').fill(PASSWORD);
  await who.page.getByRole('button', { name: 'Continue' }).click();
  await looksGood(who.page, 'enrol-app');
  const secret = await who.page.locator('code.secret').textContent();
  await who.page.getByLabel('Code from the app').fill(oathtool(secret));
  await who.page.getByRole('button', { name: 'Finish' }).click();
  await looksGood(who.page, 'codes');
  assert.deepEqual(who.faults, []);
  await who.context.close();
});
