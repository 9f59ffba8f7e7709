/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, PASSWORD } from '../support/api-client.ts';
import { TestCluster } from '../support/cluster.ts';

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
];
const LAPTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const SEEN_MS = 15_000;
/** Where pictures of the page are put, if anywhere. */
const PICTURES = process.env.PICTURES_DIR;

/** In the time zone of the browser. */
function todayAt(hour: number): string {
  const [today] = new Date().toLocaleString('sv-SE', { timeZone: 'Europe/Lisbon' }).split(' ');
  return `${today}T${hour}:00:00Z`;
}

function findChromium(): string {
  const found = [process.env.CHROMIUM ?? '', ...CANDIDATES].find((path) => path !== '' && existsSync(path));
  if (found) return found;
  throw new Error(
    `no Chromium: install Debian's "chromium", or name one in CHROMIUM (looked at ${CANDIDATES.join(', ')})`,
  );
}

describe('the page in a real browser', () => {
  const profile = mkdtempSync(join(tmpdir(), 'agenda-chromium-'));
  let test: TestCluster;
  let browser: Browser;
  /** What the browser complained of: scripts that failed, and everything that the policy forbade. */
  const complaints: string[] = [];

  before(async () => {
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
      env: { ...process.env, HOME: profile },
    });
    test = await TestCluster.start(3);
  });

  after(async () => {
    await browser?.close();
    await test?.destroy();
    rmSync(profile, { recursive: true, force: true });
  });

  async function open(pod: number, viewport = LAPTOP): Promise<Page> {
    const context: BrowserContext = await browser.newContext({
      viewport,
      timezoneId: 'Europe/Lisbon',
      locale: 'en-GB',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(SEEN_MS);
    page.on('pageerror', (error) => complaints.push(`pod ${pod}: ${error.message}`));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) complaints.push(`pod ${pod}: ${message.text()}`);
    });
    await page.goto(`${test.pods[pod]?.url}/ui/`);
    return page;
  }

  async function logIn(page: Page, username: string): Promise<void> {
    await page.getByTestId('username').fill(username);
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('login-submit').click();
    await page.getByTestId('calendar').waitFor();
  }

  async function register(page: Page, username: string): Promise<void> {
    await page.getByTestId('show-register').click();
    await page.getByTestId('username').fill(username);
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('register-submit').click();
    await page.getByTestId('calendar').waitFor();
  }

  async function live(page: Page): Promise<void> {
    await page.getByTestId('connection-status').getByText('Live').waitFor();
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  it('registers, adds an appointment on pod 1, and pod 2 shows it without reloading', async () => {
    const first = await open(0);
    await picture(first, 'login');
    await register(first, 'carla');
    const second = await open(1);
    await logIn(second, 'carla');
    await live(second);
    await first.getByTestId('new-appointment').click();
    await first.getByTestId('appointment-title').fill('Dentist');
    // Not at the next full hour, which is what the form offers: the other tests book at seven.
    await first.getByTestId('appointment-start-time').fill('12:00');
    await first.getByTestId('appointment-end-time').fill('12:30');
    await picture(first, 'new-appointment');
    await first.getByTestId('save-appointment').click();
    await first.getByTestId('calendar').getByText('Dentist').first().waitFor();
    await second.getByTestId('calendar').getByText('Dentist').first().waitFor();
    await picture(first, 'week');
    await Promise.all([first.context().close(), second.context().close()]);
  });

  it('says what is in the way of a booking and books over it when told to', async () => {
    const page = await open(2);
    await logIn(page, 'carla');
    for (const title of ['Standup', 'Overlap']) {
      await page.getByTestId('new-appointment').click();
      await page.getByTestId('appointment-title').fill(title);
      await page.getByTestId('appointment-start-time').fill('07:00');
      await page.getByTestId('appointment-end-time').fill('07:30');
      await page.getByTestId('save-appointment').click();
      if (title === 'Overlap') {
        await page.getByTestId('conflicts').getByText('Standup').waitFor();
        await picture(page, 'conflict');
        await page.getByTestId('book-anyway').click();
      }
      await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
    }
    await page.getByTestId('unread-count').getByText('1').waitFor();
    await page.context().close();
  });

  it('shows an invitation as it comes, and takes the answer', async () => {
    const page = await open(2);
    await logIn(page, 'carla');
    await live(page);
    const dana = await test.client(0).enter('dana');
    const { items } = expect(await dana.call('GET', '/api/users?query=carla'), 200).body;
    const start = todayAt(20);
    const { id } = expect(
      await dana.call('POST', '/api/appointments', {
        body: { title: 'Dinner', start, end: todayAt(21), participants: [{ userId: items[0].id }] },
      }),
      201,
    ).body;
    await page.getByTestId('calendar').getByText('Dinner').first().click();
    await page.getByTestId('people').getByText('not answered yet').waitFor();
    await picture(page, 'invitation');
    await page.getByTestId('answer-accept').click();
    await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
    const { status } = expect(await dana.call('GET', `/api/appointments/${id}`), 200).body;
    assert.equal(status, 'accepted');
    await page.context().close();
  });

  it('deletes one occurrence of what repeats, and leaves the others', async () => {
    const page = await open(1);
    await logIn(page, 'carla');
    await live(page);
    const carla = await test.client(2).login('carla');
    const body = {
      title: 'Walk',
      start: todayAt(22),
      end: todayAt(23),
      recurrence: { rule: 'FREQ=DAILY;COUNT=2' },
    };
    const { id } = expect(await carla.call('POST', '/api/appointments', { body }), 201).body;
    await page.getByTestId('calendar').getByText('Walk').first().click();
    await page.getByText('this one occurrence').waitFor();
    await page.getByTestId('delete-appointment').click();
    await page.getByTestId('confirm-delete').click();
    await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
    const { recurrence } = expect(await carla.call('GET', `/api/appointments/${id}`), 200).body;
    assert.equal(recurrence.excluded.length, 1);
    await page.context().close();
  });

  it('keeps the session over a reload, on the phone too', async () => {
    const page = await open(1, PHONE);
    await logIn(page, 'carla');
    await page.reload();
    await page.getByTestId('calendar').waitFor();
    await live(page);
    await picture(page, 'phone');
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
    await page.context().close();
  });

  it('stays usable when its pod dies and is live again when the pod is back', async () => {
    const [pod] = test.pods;
    assert.ok(pod);
    const page = await open(0);
    await logIn(page, 'carla');
    await live(page);
    const appointment = page.getByTestId('calendar').getByText('Dentist').first();
    await appointment.waitFor();
    await pod.kill();
    await page.getByTestId('connection-status').getByText('Reconnecting').waitFor();
    await appointment.waitFor();
    await picture(page, 'reconnecting');
    pod.start();
    await pod.waitReady(60_000);
    await live(page);
    await page.context().close();
  });

  it('caused no error and broke no rule of the content security policy', () => {
    assert.deepEqual(complaints, []);
  });
});
