/// <reference lib="dom" />
/** A real Chromium for one test file, and what a person does first on every page. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PASSWORD } from './api-client.ts';

export const LAPTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };
/** Of every page; tests take their days from it. */
export const BROWSER_ZONE = 'Europe/Lisbon';

const SEEN_MS = 15_000;
const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Where pictures of the page are put, if anywhere. */
const PICTURES = process.env.PICTURES_DIR;

export class TestBrowser {
  readonly #browser: Browser;
  readonly #profile: string;
  /** What the browser complained of: scripts that failed, and everything that the policy forbade. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser, profile: string) {
    this.#browser = browser;
    this.#profile = profile;
  }

  static async launch(): Promise<TestBrowser> {
    const profile = mkdtempSync(join(tmpdir(), 'agenda-chromium-'));
    const env = { ...process.env, HOME: profile };
    const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS, env });
    return new TestBrowser(browser, profile);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }

  /** The page of that pod, as somebody sees it who was never there: without a session. */
  async open(podUrl: string | undefined, viewport = LAPTOP): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport,
      timezoneId: BROWSER_ZONE,
      locale: 'en-GB',
      // A picture shows where things come to rest.
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(SEEN_MS);
    page.on('pageerror', (error) => this.complaints.push(`${podUrl}: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy/i.test(text)) this.complaints.push(`${podUrl}: ${text}`);
    });
    await page.goto(`${podUrl}/ui/`);
    return page;
  }
}

function findChromium(): string {
  const found = [process.env.CHROMIUM ?? '', ...CANDIDATES].find((path) => path !== '' && existsSync(path));
  if (found) return found;
  throw new Error(
    `no Chromium: install Debian's "chromium", or name one in CHROMIUM (looked at ${CANDIDATES.join(', ')})`,
  );
}

export async function logIn(page: Page, username: string): Promise<void> {
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login-submit').click();
  await page.getByTestId('calendar').waitFor();
}

export async function register(page: Page, username: string): Promise<void> {
  await page.getByTestId('show-register').click();
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('register-submit').click();
  await page.getByTestId('calendar').waitFor();
}

export async function waitLive(page: Page): Promise<void> {
  await page.getByTestId('connection-status').getByText('Live').waitFor();
}

export async function takePicture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

export async function assertNoOverflow(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than its window`);
}

/** @returns that full hour of today, where the browser is. */
export function todayAt(hour: number): string {
  const today = Temporal.Now.zonedDateTimeISO(BROWSER_ZONE).startOfDay();
  return today.with({ hour }).toInstant().toString();
}
