/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { type ApiClient, expect } from '../support/api-client.ts';
import {
  assertNoOverflow,
  LAPTOP,
  logIn,
  PHONE,
  TestBrowser,
  takePicture,
  todayAt,
  waitLive,
} from '../support/browser.ts';
import { TestCluster } from '../support/cluster.ts';

const CALENDAR = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//example//test//EN',
  'BEGIN:VEVENT',
  'UID:standup@example.org',
  'DTSTART:20300107T090000Z',
  'DTEND:20300107T091500Z',
  'SUMMARY:Imported stand-up',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'UID:backwards@example.org',
  'DTSTART:20300107T110000Z',
  'DTEND:20300107T100000Z',
  'SUMMARY:Ends before it begins',
  'END:VEVENT',
  'BEGIN:VTODO',
  'UID:milk@example.org',
  'SUMMARY:Buy milk',
  'END:VTODO',
  'END:VCALENDAR',
  '',
].join('\r\n');

describe('what a person needs of the page every day', () => {
  let test: TestCluster;
  let browser: TestBrowser;
  let eva: ApiClient;

  before(async () => {
    browser = await TestBrowser.launch();
    test = await TestCluster.start(3);
    eva = await test.client(0).enter('eva');
  });

  after(async () => {
    await browser?.close();
    await test?.destroy();
  });

  async function open(pod: number, viewport = LAPTOP): Promise<Page> {
    const page = await browser.open(test.pods[pod]?.url, viewport);
    await logIn(page, 'eva');
    await waitLive(page);
    return page;
  }

  async function book(body: Readonly<Record<string, unknown>>): Promise<string> {
    return expect(await eva.call('POST', '/api/appointments', { body }), 201).body.id;
  }

  async function openPart(page: Page, part: 'import' | 'export' | 'feeds'): Promise<void> {
    await page.getByTestId('account-menu-button').click();
    await page.getByTestId('open-calendars').click();
    await page.getByTestId(`calendars-${part}`).click();
  }

  it('finds an appointment by the beginnings of its words, goes to its day and opens it', async () => {
    const day = { start: '2031-05-06T09:00:00Z', end: '2031-05-06T10:00:00Z' };
    await book({ title: 'Boat trip', location: 'Harbour of Setúbal', ...day });
    for (const hour of [8, 9]) await book({ title: 'Walk', start: todayAt(hour), end: todayAt(hour + 1) });
    const page = await open(1);
    await page.getByTestId('calendar').press('/');
    await page.getByTestId('search-words').fill('boa setub');
    await page.getByTestId('search-results').getByText('Boat trip').waitFor();
    await takePicture(page, 'search');
    await page.getByTestId('search-words').press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByTestId('appointment-dialog').waitFor();
    assert.equal(await page.getByTestId('appointment-title').inputValue(), 'Boat trip');
    await page.keyboard.press('Escape');
    await page.getByTestId('calendar-title').getByText('May 2031').waitFor();
    await page.context().close();
  });

  it('has back at once what was deleted by mistake', async () => {
    const id = await book({ title: 'Piano', start: todayAt(12), end: todayAt(13) });
    const page = await open(2);
    await deletePiano(page);
    await takePicture(page, 'undo');
    await page.getByTestId('toast-action').click();
    await page.getByTestId('calendar').getByText('Piano').first().waitFor();
    expect(await eva.call('GET', `/api/appointments/${id}`), 200);
    await page.context().close();
  });

  it('restores from the trash, and says what stands there by now', async () => {
    const page = await open(2);
    await deletePiano(page);
    await book({ title: 'Choir', start: todayAt(12), end: todayAt(13) });
    await page.getByTestId('account-menu-button').click();
    await takePicture(page, 'menu');
    await page.getByTestId('open-trash').click();
    await page.getByTestId('restore').click();
    await page.getByTestId('trash').getByText('Choir').waitFor();
    await takePicture(page, 'trash-conflict');
    await page.getByTestId('restore').getByText('Restore anyway').click();
    await page.getByTestId('trash-row').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByTestId('calendar').getByText('Piano').first().waitFor();
    await page.context().close();
  });

  it('refuses a file that is too large, imports another, and says of each part that it skipped why', async () => {
    const page = await open(0);
    await openPart(page, 'import');
    const dropped = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(1_048_577)], 'years.ics'));
      return transfer;
    });
    await page.getByTestId('import-drop').dispatchEvent('drop', { dataTransfer: dropped });
    await page.getByTestId('calendars-dialog').getByText('1 MiB is taken at once').waitFor();
    const file = { name: 'team.ics', mimeType: 'text/calendar', buffer: Buffer.from(CALENDAR) };
    await page.getByTestId('import-file').setInputFiles(file);
    await page.getByTestId('import-drop').getByText('2 events').waitFor();
    await takePicture(page, 'import-chosen');
    await page.getByTestId('import-start').click();
    const skipped = page.getByTestId('import-skipped');
    await skipped.getByText('Ends before it begins', { exact: true }).waitFor();
    await skipped.getByText('Buy milk').waitFor();
    await skipped.getByText(/VTODO/).waitFor();
    await takePicture(page, 'import-report');
    await page.context().close();
    const { items } = expect(await eva.call('GET', '/api/search?q=imported'), 200).body;
    assert.equal(items.length, 1);
  });

  it('downloads the agenda of a range as a file', async () => {
    const page = await open(1);
    await openPart(page, 'export');
    await page.getByTestId('export-first').fill('2030-01-07');
    await page.getByTestId('export-last').fill('2030-01-07');
    await takePicture(page, 'export');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByTestId('export-start').click(),
    ]);
    assert.equal(download.suggestedFilename(), 'agenda-2030-01-07-to-2030-01-07.ics');
    const ics = readFileSync(await download.path(), 'utf8');
    assert.match(ics, /SUMMARY:Imported stand-up/);
    assert.doesNotMatch(ics, /Boat trip/);
    await page.context().close();
  });

  it('makes a secret address that a calendar app reads until it is revoked', async () => {
    const page = await open(2);
    await openPart(page, 'feeds');
    await takePicture(page, 'feed');
    await page.getByTestId('feed-make').click();
    const url = await page.getByTestId('feed-address').inputValue();
    await takePicture(page, 'feed-made');
    const feed = await fetch(url);
    assert.equal(feed.status, 200);
    assert.match(await feed.text(), /SUMMARY:Piano/);
    await page.getByTestId('feed-revoke').click();
    await page.getByTestId('feed-address').waitFor({ state: 'detached' });
    assert.equal((await fetch(url)).status, 404);
    const body = { name: 'Choir of the harbour', kind: 'non_hierarchical' };
    const group = expect(await eva.call('POST', '/api/groups', { body }), 201).body;
    const option = page.getByTestId('calendars-whose').locator('option', { hasText: body.name });
    await option.waitFor({ state: 'attached' });
    await page.getByTestId('calendars-whose').selectOption(group.id);
    await page.getByTestId('feed-make').click();
    assert.equal((await fetch(await page.getByTestId('feed-address').inputValue())).status, 200);
    await page.context().close();
  });

  it('opens what a notification is about, however far away it is, and marks all as read', async () => {
    const page = await open(1);
    const dana = await test.client(2).enter('dana');
    const { items } = expect(await dana.call('GET', '/api/users?query=eva'), 200).body;
    const body = {
      title: 'Yoga',
      start: '2027-03-01T18:00:00Z',
      end: '2027-03-01T19:00:00Z',
      recurrence: { rule: 'FREQ=WEEKLY;COUNT=3' },
      participants: [{ userId: items[0].id }],
    };
    expect(await dana.call('POST', '/api/appointments', { body }), 201);
    await page.getByTestId('toasts').getByText('Yoga').waitFor();
    await page.getByTestId('notifications-button').click();
    await takePicture(page, 'notifications');
    await page.getByTestId('notification').filter({ hasText: 'Yoga' }).click();
    await page.getByTestId('answer-accept').waitFor();
    await page.getByTestId('calendar-title').getByText('Mar 2027').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('notifications-button').click();
    await page.getByTestId('mark-all-read').click();
    await page.getByTestId('unread-count').waitFor({ state: 'detached' });
    const { count } = expect(await eva.call('GET', '/api/notifications/unread'), 200).body;
    assert.equal(count, 0);
    await page.context().close();
  });

  it('shows the cluster to whoever follows the line at the foot, without a log-in', async () => {
    for (const viewport of [LAPTOP, PHONE]) {
      const page = await browser.open(test.pods[1]?.url, viewport);
      await page.getByTestId('served-by').click();
      for (const node of ['agenda-1', 'agenda-2', 'agenda-3']) {
        const row = page.getByTestId(`member-${node}`);
        await row.getByText('voter').waitFor();
        await row.getByText(/^(leader|follower)$/).waitFor();
      }
      await page.getByTestId('verdict').getByText('The cluster is well').waitFor();
      await takePicture(page, viewport === LAPTOP ? 'cluster' : 'phone-cluster');
      await assertNoOverflow(page);
      await page.getByText('Back to the agenda').click();
      await page.getByTestId('login-submit').waitFor();
      await page.context().close();
    }
  });

  it('has all of it on a phone', async () => {
    const title = 'Trip with a name that is too long for one line of a telephone, to the harbour and back';
    const gone = await book({ title, start: '2027-07-01T08:00:00Z', end: '2027-07-03T18:00:00Z' });
    expect(await eva.call('DELETE', `/api/appointments/${gone}`), 204);
    const page = await open(1, PHONE);
    await assertNoOverflow(page);
    await takePicture(page, 'phone-head');
    await page.getByTestId('open-search').click();
    await page.getByTestId('search-words').fill('w');
    await page.getByTestId('search-results').getByText('Walk').first().waitFor();
    await takePicture(page, 'phone-search');
    await page.keyboard.press('Escape');
    await page.getByTestId('notifications-button').click();
    await takePicture(page, 'phone-notifications');
    await page.keyboard.press('Escape');
    await page.getByTestId('account-menu-button').click();
    await page.getByTestId('open-trash').click();
    await page.getByTestId('trash-row').getByText('Trip').waitFor();
    await takePicture(page, 'phone-trash');
    await assertNoOverflow(page);
    await page.keyboard.press('Escape');
    for (const part of ['import', 'export', 'feeds'] as const) {
      await openPart(page, part);
      await takePicture(page, `phone-${part}`);
      await assertNoOverflow(page);
      await page.keyboard.press('Escape');
    }
    await page.context().close();
  });

  it('says plainly that there is no quorum when the other pods are gone', async () => {
    const page = await browser.open(`${test.pods[0]?.url}`);
    await page.getByTestId('served-by').click();
    await page.getByTestId('verdict').getByText('The cluster is well').waitFor();
    await Promise.all(test.pods.slice(1).map((pod) => pod.kill()));
    await page.getByTestId('verdict').getByText('No quorum').waitFor({ timeout: 30_000 });
    await page.getByTestId('member-agenda-2').getByText('silent').waitFor();
    await takePicture(page, 'cluster-no-quorum');
    await page.context().close();
  });

  it('caused no error and broke no rule of the content security policy', () => {
    assert.deepEqual(browser.complaints, []);
  });
});

async function deletePiano(page: Page): Promise<void> {
  await page.getByTestId('calendar').getByText('Piano').first().click();
  await page.getByTestId('delete-appointment').click();
  await page.getByTestId('confirm-delete').click();
  await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
}
