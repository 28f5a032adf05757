// The review page of `wardgate deid text --review`, by keyboard only, in a real browser; what it
// exports is measured by `wardgate deid eval`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const NOTES = [
  { id: 'n1', text: 'Größe 😀 </script><b>1</b>. Phone: 207-555-0142. E-mail: ida@klinik.example. She slept well.' },
  { id: 'n2', text: 'MRN: 00412345. Phone: 207-555-0143.' },
  { id: 'n3', text: 'Aspirin 100 mg daily.' },
];
let browser;
let folder;
let file;

const wardgate = (...args) => execFileSync(process.env.WARDGATE_BIN, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wardgate-review-'));
  file = join(folder, 'review.html');
  const notes = join(folder, 'notes.jsonl');
  writeFileSync(notes, NOTES.map((note) => `${JSON.stringify(note)}\n`).join(''));
  wardgate('deid', 'text', notes, '--lang', 'en', '--detect', '--review', file);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(options = {}) {
  const page = await browser.newPage(options);
  const faults = [];
  const requests = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  page.on('request', (request) => { if (!request.url().startsWith('file:') && !request.url().startsWith('blob:')) requests.push(request.url()); });
  await page.goto(`file://${file}`);
  return { page, faults, requests };
}

async function exported(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('e')]);
  assert.equal(download.suggestedFilename(), 'reviewed.jsonl');
  const text = readFileSync(await download.path(), 'utf8');
  return { text, records: text.trimEnd().split('\n').map((line) => JSON.parse(line)) };
}

const surface = (record, span) => [...record.text].slice(span.start, span.end).join('');
const marks = (page) => page.$$eval('#text mark', (all) => all.map((mark) => [mark.textContent, mark.dataset.type, mark.className.split(' ')[1]]));

test('decisions made by keyboard are exported as a gold standard', async () => {
  const { page, faults, requests } = await opened();
  const found = await marks(page);
  const phone = found.findIndex(([, type]) => type === 'PHONE');
  assert.ok(phone >= 0, JSON.stringify(found));
  assert.equal(await page.$eval('#text', (text) => text.textContent), NOTES[0].text);
  for (let step = 0; step < phone; step += 1) await page.keyboard.press('j');
  await page.keyboard.press('a');
  await page.keyboard.press('r');
  await page.keyboard.press('u');
  // Select "slept" from the last mark on, by words.
  await page.evaluate(() => {
    const text = document.getElementById('text');
    const last = text.lastChild;
    const at = last.textContent.indexOf('slept');
    getSelection().collapse(last, at);
  });
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('3');
  await page.keyboard.press('d');
  assert.match(await page.textContent('#where'), /text 2 of 3/);
  await page.keyboard.press('r');
  await page.keyboard.press('k');
  await page.keyboard.press('8');
  await page.keyboard.press('d');
  await page.keyboard.press('d');
  assert.match(await page.textContent('#standing'), /3 of 3 texts done/);
  const { text, records } = await exported(page);
  assert.deepEqual(records.map((record) => [record.id, record.complete]), [['n1', true], ['n2', true], ['n3', true]]);
  const added = records[0].decisions.find((decision) => decision.decision === 'added');
  assert.deepEqual([surface(records[0], added), added.type], ['slept', 'FACILITY']);
  const call = records[0].spans.find((span) => span.type === 'PHONE');
  assert.ok(surface(records[0], call).endsWith('207-555-0142'), surface(records[0], call));
  assert.equal(records[2].spans.length, 0);
  const gold = join(folder, 'reviewed.jsonl');
  writeFileSync(gold, text);
  const figures = JSON.parse(wardgate('deid', 'eval', gold, '--lang', 'en', '--json'));
  assert.equal(figures.texts, 3);
  assert.ok(figures.types.FACILITY.leaks >= 1, JSON.stringify(figures));
  assert.deepEqual([faults, requests], [[], []]);
  await page.close();
});

test('rejected marks and unfinished texts are told apart', async () => {
  const { page, faults } = await opened();
  await page.keyboard.press('r');
  const [first] = await marks(page);
  assert.equal(first[2], 'rejected');
  const { records } = await exported(page);
  assert.equal(records.length, 1);
  assert.equal(records[0].complete, false);
  assert.ok(records[0].spans.every((span) => surface(records[0], span) !== first[0]));
  await page.keyboard.press('u');
  assert.equal((await marks(page))[0][2], 'open');
  await page.keyboard.press('?');
  assert.ok(await page.$eval('#help', (help) => help.open));
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('aspirin');
  assert.deepEqual(await page.$$eval('#list .id', (all) => all.map((id) => id.textContent)), ['n3']);
  assert.deepEqual(faults, []);
  await page.close();
});

test('nothing is wider than a narrow window', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, faults } = await opened({ viewport: { width: 400, height: 800 }, colorScheme });
    const [width, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= shown, `${width} > ${shown}`);
    assert.deepEqual(faults, []);
    await page.close();
  }
});
