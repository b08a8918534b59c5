// Holds pages of the HTML report against what they promise, in Chromium: node .ci/html.cjs FOLDER
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const WIDTHS = [360, 768, 1440];
const SCHEMES = ['light', 'dark'];
const WORDS = { compliant: 'Compliant', findings: 'Findings', undetermined: 'Undetermined', null: 'Not judged' };
const ELEMENTS = `html head body meta title style header main footer section article figure figcaption div span p b strong code
  a nav ol pre ul li dl dt dd h1 h2 h3 h4 table thead tbody tr th td details summary
  svg g rect circle path line text pattern foreignObject`.split(/\s+/);
const ATTRIBUTES = `lang charset http-equiv content name class tabindex role aria-label aria-hidden scope data-name id href title open
  x y x1 x2 y1 y2 cx cy r rx dx d width height viewBox transform text-anchor patternUnits patternTransform`.split(/\s+/);

const folder = path.resolve(process.argv[2]);
const reports = path.join(__dirname, '../fixtures/reports');
const names = fs.readdirSync(folder).filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -5));
assert.deepEqual(names.sort(), fs.readdirSync(reports).filter((n) => n.endsWith('.json')).map((n) => n.slice(0, -5)).sort());

// The page in a browser that may run nothing, as many readers of mail and archives are, or in one that axe can run in.
async function open(browser, name, javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  const url = `file://${folder}/${name}.html`;
  const wrong = [];
  page.on('request', (request) => request.url() === url || wrong.push(`asks for ${request.url()}`));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('dialog', (dialog) => { wrong.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url);
  const close = async () => { await context.close(); assert.deepEqual(wrong, []); };
  return { page, close };
}

async function looks(page, see) {
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await see(width, colorScheme);
    }
  }
}

async function fits(page) {
  const [inside, room] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
  assert.ok(inside <= room, `${inside} px of content in ${room} px`);
}

// Nothing that a report says has become an element, an attribute, or a character that moves the text.
async function holdsOnlyOurs(page) {
  const found = await page.evaluate(() => {
    const all = [...document.querySelectorAll('*')];
    return {
      elements: [...new Set(all.map((e) => e.localName))],
      attributes: [...new Set(all.flatMap((e) => e.getAttributeNames()))],
      text: document.documentElement.textContent + all.flatMap((e) => [...e.attributes].map((a) => a.value)).join('\n'),
    };
  });
  assert.deepEqual(found.elements.filter((name) => !ELEMENTS.includes(name)), []);
  assert.deepEqual(found.attributes.filter((name) => !ATTRIBUTES.includes(name)), []);
  assert.doesNotMatch(found.text, /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
}

// Tab reaches each mark in turn, shows where it is, and shows its words inside the window.
async function tabs(page) {
  await page.evaluate(() => { document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); });
  const count = await page.locator('.mark').count();
  assert.ok(count >= 4, `${count} marks`);
  for (let at = 0; at < count; ) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const mark = document.activeElement;
      const tip = mark.nextElementSibling?.querySelector('span');
      const box = tip?.getBoundingClientRect();
      const style = getComputedStyle(mark);
      return {
        at: [...document.querySelectorAll('.mark')].indexOf(mark),
        name: mark.getAttribute('aria-label'), words: tip?.textContent, box: box && [box.left, box.right, box.width, box.top],
        ring: mark.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inner: innerWidth,
      };
    });
    if (seen.at < 0 && at === 0) continue;
    assert.equal(seen.at, at, 'the next mark');
    assert.ok(seen.ring, `focus shows on ${seen.name}`);
    assert.ok(seen.name && seen.name === seen.words, `${seen.name} is told`);
    const [left, right, width, top] = seen.box;
    assert.ok(width > 40 && left >= 0 && right <= seen.inner + 1 && top >= 0, `${seen.name} at ${seen.box}`);
    await fits(page);
    at += 1;
  }
  // Each focus stop has a name for those who cannot see it.
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const stops = nodes.filter((n) => n.properties?.some((p) => p.name === 'focusable' && p.value.value));
  const nameless = stops.filter((n) => n.role.value !== 'RootWebArea' && !n.name?.value);
  assert.deepEqual(nameless.map((n) => n.role.value), []);
  const rows = await page.locator('tbody tr').count();
  if (rows) assert.ok(nodes.some((n) => n.role?.value === 'row'), 'a table is still a table');
}

async function violates(page) {
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
}

// On paper: dark on white though the reader's screen is dark, and everything that is folded on the screen.
async function prints(page, report) {
  await page.emulateMedia({ media: 'print' });
  const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
  assert.deepEqual(colours, ['rgb(255, 255, 255)', 'rgb(29, 28, 26)']);
  const pdf = await page.pdf({ format: 'A4' });
  const text = execFileSync('pdftotext', ['-raw', '-', '-'], { input: pdf, maxBuffer: 1 << 26 }).toString();
  const told = text.replace(/\s+/g, '');
  if (report.status) for (const { rule } of report.rules) assert.ok(told.includes(rule), `${rule} is not on paper`);
}

// The first screen holds a finding, and each link leads to a place of the page.
async function opens(page, report) {
  await page.setViewportSize({ width: 1440, height: 900 });
  if (report.findings.some((finding) => !finding.waived)) {
    const box = await page.locator('.index li').first().boundingBox();
    assert.ok(box && box.y + box.height <= 900, `the first finding at ${JSON.stringify(box)}`);
  }
  const lost = await page.evaluate(() => [...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))
    .filter((href) => !document.getElementById(href.slice(1))));
  assert.deepEqual(lost, [], 'links that lead nowhere');
}

async function check(browser, name) {
  const report = JSON.parse(fs.readFileSync(path.join(reports, `${name}.json`)));
  const quiet = await open(browser, name, false);
  assert.equal(await quiet.page.locator('.verdict strong').innerText(), WORDS[report.status]);
  await opens(quiet.page, report);
  await looks(quiet.page, async (width, scheme) => {
    await fits(quiet.page);
    if (scheme === 'light') await tabs(quiet.page);
  });
  await prints(quiet.page, report);
  await quiet.close();

  const free = await open(browser, name, true);
  await holdsOnlyOurs(free.page);
  await free.page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  await free.page.evaluate(axe.source);
  await looks(free.page, async (width, scheme) => {
    assert.deepEqual(await violates(free.page), [], `axe at ${width} px in ${scheme}`);
    await fits(free.page);
  });
  await free.close();
}

async function main() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const left = [...names];
    const work = async () => {
      for (let name = left.shift(); name; name = left.shift()) {
        try {
          await check(browser, name);
        } catch (error) {
          error.message = `${name}: ${error.message}`;
          throw error;
        }
        console.log(`${name}: ${WIDTHS.join(', ')} px, ${SCHEMES.join(' and ')}, Tab, print`);
      }
    };
    await Promise.all([work(), work(), work()]);
  } finally {
    await browser.close();
  }
}

main().catch((error) => { console.error(error.message); process.exit(1); });
