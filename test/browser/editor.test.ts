import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { type ApiClient, expect } from '../support/api-client.ts';
import {
  assertNoOverflow,
  BROWSER_ZONE,
  LAPTOP,
  logIn,
  PHONE,
  TestBrowser,
  takePicture,
  waitLive,
} from '../support/browser.ts';
import { TestCluster } from '../support/cluster.ts';

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const TODAY = Temporal.Now.plainDateISO(BROWSER_ZONE);
const TODAY_NAME = WEEKDAYS[TODAY.dayOfWeek - 1]!;
const OTHER_NAME = WEEKDAYS[TODAY.dayOfWeek % 7]!;

describe('the appointment form', () => {
  let test: TestCluster;
  let browser: TestBrowser;
  let ines: ApiClient;

  before(async () => {
    browser = await TestBrowser.launch();
    test = await TestCluster.start(3);
    ines = await test.client(0).enter('ines');
  });

  after(async () => {
    await browser?.close();
    await test?.destroy();
  });

  async function open(pod: number, viewport = LAPTOP): Promise<Page> {
    const page = await browser.open(test.pods[pod]?.url, viewport);
    await logIn(page, 'ines');
    await waitLive(page);
    return page;
  }

  async function start(page: Page, title: string, from: string, until: string): Promise<void> {
    await page.getByTestId('new-appointment').click();
    await page.getByTestId('appointment-title').fill(title);
    await page.getByTestId('appointment-start-date').fill(TODAY.toString());
    await page.getByTestId('appointment-start-time').fill(from);
    await page.getByTestId('appointment-end-date').fill(TODAY.toString());
    await page.getByTestId('appointment-end-time').fill(until);
  }

  async function save(page: Page): Promise<void> {
    await page.getByTestId('save-appointment').click();
    await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
  }

  async function openIn(page: Page, title: string): Promise<void> {
    await page.getByTestId('calendar').getByText(title).first().click();
    await page.getByTestId('appointment-dialog').waitFor();
  }

  const answerScope = async (page: Page, scope: string): Promise<void> => {
    await page.getByTestId(`scope-${scope}`).check();
    await page.getByTestId('choose-scope').click();
    await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
  };

  /** In the agenda of the next weeks. */
  async function agenda(title: string): Promise<readonly AgendaEntry[]> {
    const from = TODAY.toZonedDateTime(BROWSER_ZONE).toInstant();
    const until = TODAY.add({ days: 60 }).toZonedDateTime(BROWSER_ZONE).toInstant();
    const path = `/api/agenda?start=${from}&end=${until}&limit=200`;
    const { items } = expect(await ines.call('GET', path), 200).body;
    return items.filter((item: AgendaEntry) => item.title === title);
  }

  interface AgendaEntry {
    readonly id: string;
    readonly title: string;
    readonly start: string;
    readonly reminderMinutes: readonly number[];
    readonly privacy: string;
    readonly recurrence: { readonly rule: string } | null;
  }

  const timeOf = ({ start }: AgendaEntry): string =>
    Temporal.Instant.from(start)
      .toZonedDateTimeISO(BROWSER_ZONE)
      .toPlainTime()
      .toString({ smallestUnit: 'minute' });

  it('makes a series on chosen days of the week, with a reminder, of which others see no more than “busy”', async () => {
    const page = await open(0);
    await start(page, 'Choir', '06:00', '07:00');
    await takePicture(page, 'editor-simple');
    await page.getByTestId('repetition').locator('summary').click();
    await page.getByTestId('repeats').selectOption('weekly');
    await page.getByTestId(`repeat-${OTHER_NAME}`).click();
    await page.getByTestId('repeat-end').selectOption('count');
    await page.getByTestId('repeat-count').fill('8');
    await takePicture(page, 'editor-repetition');
    await page.getByTestId('reminders').locator('summary').click();
    await page.getByTestId('remind-30').click();
    await page.getByTestId('privacy').locator('summary').click();
    await page.getByTestId('privacy-freebusy').check();
    await page.getByTestId('privacy').scrollIntoViewIfNeeded();
    await takePicture(page, 'editor-privacy');
    await save(page);
    await page.getByTestId('calendar').getByText('Choir').first().waitFor();
    const entries = await agenda('Choir');
    assert.equal(entries.length, 8);
    const days = WEEKDAYS.filter((day) => day === TODAY_NAME || day === OTHER_NAME).join();
    assert.equal(entries[0]?.recurrence?.rule, `FREQ=WEEKLY;COUNT=8;BYDAY=${days}`);
    assert.deepEqual([entries[0]?.privacy, entries[0]?.reminderMinutes], ['freebusy', [30]]);
    await page.context().close();
  });

  it('asks which of a series a change is for: this one and all that follow', async () => {
    const page = await open(1);
    await page.getByTestId('next').click();
    await openIn(page, 'Choir');
    await page.getByTestId('appointment-start-time').fill('06:30');
    await page.getByTestId('save-appointment').click();
    await page.getByTestId('scope-choice').waitFor();
    await takePicture(page, 'editor-scope');
    await answerScope(page, 'following');
    const times = (await agenda('Choir')).map(timeOf);
    assert.equal(times.length, 8);
    const first = times.indexOf('06:30');
    assert.ok(first > 0, times.join());
    assert.ok(
      times.every((time, at) => time === (at < first ? '06:00' : '06:30')),
      times.join(),
    );
    await page.context().close();
  });

  it('deletes one of a series', async () => {
    const page = await open(2, PHONE);
    await openIn(page, 'Choir');
    await takePicture(page, 'editor-phone');
    await page.getByTestId('repetition').locator('summary').click();
    await page.getByTestId('repeat-end').scrollIntoViewIfNeeded();
    await takePicture(page, 'editor-phone-repetition');
    await page.getByTestId('delete-appointment').click();
    await page.getByTestId('scope-choice').waitFor();
    await takePicture(page, 'editor-phone-scope');
    await assertNoOverflow(page);
    await answerScope(page, 'this');
    assert.equal((await agenda('Choir')).length, 7);
    await page.context().close();
  });

  it('has not been complained of by the browser', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
