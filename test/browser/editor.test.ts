import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import {
  assertNoOverflow,
  BROWSER_ZONE,
  LAPTOP,
  logIn,
  PHONE,
  TestBrowser,
  takePicture,
  todayAt,
  waitLive,
} from '../support/browser.ts';
import { TestCluster } from '../support/cluster.ts';
import { enterAll, type Person } from '../support/people.ts';
import { until } from '../support/until.ts';

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
/** More than an hour, less than two. */
const DRAGGED_PX = 100;
const SEEN_MS = 10_000;
const TODAY = Temporal.Now.plainDateISO(BROWSER_ZONE);
const TODAY_NAME = WEEKDAYS[TODAY.dayOfWeek - 1]!;
const OTHER_NAME = WEEKDAYS[TODAY.dayOfWeek % 7]!;

describe('the appointment form', () => {
  let test: TestCluster;
  let browser: TestBrowser;
  let ines: Person;
  let rui: Person;
  let sara: Person;

  before(async () => {
    browser = await TestBrowser.launch();
    test = await TestCluster.start(3);
    [ines, rui, sara] = (await enterAll(test, ['ines', 'rui', 'sara'])) as [Person, Person, Person];
    await ines.do(200, 'PUT', '/api/me/profile', { timeZone: BROWSER_ZONE });
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
    const { items } = await ines.do(200, 'GET', path);
    return items.filter((item: AgendaEntry) => item.title === title);
  }

  interface AgendaEntry {
    readonly id: string;
    readonly title: string;
    readonly start: string;
    readonly reminderMinutes: readonly number[];
    readonly privacy: string;
    readonly recurrence: { readonly rule: string } | null;
    readonly groupId: string | null;
    readonly participants: readonly {
      readonly username: string;
      readonly optional: boolean;
      readonly status: string;
    }[];
  }

  const at = (hour: number) => ({ start: todayAt(hour), end: todayAt(hour + 1) });

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

  it('asks the same after a drag in the calendar, and puts it back if nothing is chosen', async () => {
    const daily = { ...at(12), title: 'Yoga', recurrence: { rule: 'FREQ=DAILY;COUNT=3' } };
    await ines.do(201, 'POST', '/api/appointments', daily);
    const page = await open(0);
    const yoga = page.getByTestId('calendar').getByText('Yoga').first();
    await dragDown(page, yoga);
    await page.getByTestId('move-scope-dialog').waitFor();
    await takePicture(page, 'editor-move-scope');
    await page.getByTestId('scope-back').click();
    await page.getByTestId('move-scope-dialog').waitFor({ state: 'hidden' });
    assert.deepEqual((await agenda('Yoga')).map(timeOf), ['12:00', '12:00', '12:00']);
    await dragDown(page, yoga);
    await page.getByTestId('choose-scope').click();
    await until('one of three is moved', SEEN_MS, async () => {
      const times = (await agenda('Yoga')).map(timeOf);
      return times.filter((time) => time !== '12:00').length === 1 && times.length === 3 ? times : undefined;
    });
    await page.context().close();
  });

  async function dragDown(page: Page, event: Locator): Promise<void> {
    await event.scrollIntoViewIfNeeded();
    const box = await event.boundingBox();
    assert.ok(box !== null);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y + DRAGGED_PX, { steps: 6 });
    await page.mouse.up();
  }

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

  it('keeps a rule that it cannot show, and says so', async () => {
    const recurrence = { rule: `FREQ=DAILY;COUNT=3;BYDAY=${TODAY_NAME},${OTHER_NAME}` };
    const rowing = { ...at(16), title: 'Rowing', recurrence };
    const { rule } = (await ines.do(201, 'POST', '/api/appointments', rowing)).recurrence;
    const page = await open(2);
    await openIn(page, 'Rowing');
    await page.getByTestId('repetition').locator('summary').click();
    await page.getByTestId('other-rule').getByText(rule).waitFor();
    await takePicture(page, 'editor-other-rule');
    await page.getByTestId('appointment-title').fill('Rowing on the Sado');
    await page.getByTestId('save-appointment').click();
    await answerScope(page, 'all');
    const rules = (await agenda('Rowing on the Sado')).map(({ recurrence }) => recurrence?.rule);
    assert.deepEqual(rules, [rule, rule, rule]);
    await page.context().close();
  });

  it('invites somebody who is found by name, as optional, and a whole group', async () => {
    await rui.do(200, 'PUT', '/api/me/profile', { displayName: 'Rui Rocha' });
    const group = { name: 'Kitchen', kind: 'hierarchical' };
    const { id: groupId } = await ines.do(201, 'POST', '/api/groups', group);
    await ines.do(200, 'PUT', `/api/groups/${groupId}/members/${sara.id}`, { rank: 1 });
    await sara.do(201, 'POST', '/api/appointments', { ...at(8), title: 'Oven' });
    const page = await open(1);
    await start(page, 'Tasting', '08:00', '09:00');
    await page.getByTestId('people-part').locator('summary').click();
    await page.getByTestId('invite').fill('roch');
    await page.getByTestId('found-person').getByText('Rui Rocha').click();
    await page.getByTestId('invitee-optional').check();
    await page.getByTestId('invite-group').selectOption({ label: 'Kitchen' });
    await page.getByText('lower rank than yours').scrollIntoViewIfNeeded();
    await takePicture(page, 'editor-people');
    await save(page);
    const [tasting] = await agenda('Tasting');
    const { participants } = tasting!;
    const asked = participants.map(({ username, optional, status }) => `${username}:${optional}:${status}`);
    assert.deepEqual(asked.sort(), ['rui:true:pending', 'sara:false:auto']);
    assert.equal(tasting?.groupId, groupId);
    await page.context().close();
  });

  it('shows the owner who cannot come, and takes out whom it asked, but nobody of the group', async () => {
    const page = await open(2, PHONE);
    await openIn(page, 'Tasting');
    await page.getByTestId('invitees').getByText('something else').scrollIntoViewIfNeeded();
    await page.getByTestId('invitee').filter({ hasText: 'of the group' }).waitFor();
    await takePicture(page, 'editor-phone-people');
    await assertNoOverflow(page);
    assert.equal(await page.getByTestId('invitee-remove').count(), 1);
    await page.getByTestId('invitee-remove').click();
    await save(page);
    const [tasting] = await agenda('Tasting');
    assert.deepEqual(
      tasting?.participants.map(({ username }) => username),
      ['sara'],
    );
    await page.context().close();
  });

  it('marks what overlaps something else in the calendar and in the dialog', async () => {
    await ines.do(201, 'POST', '/api/appointments', { ...at(8), title: 'Dentist', allowConflict: true });
    const page = await open(0);
    await page.getByTestId('calendar').getByText('\u26a0\ufe0e Dentist').first().waitFor();
    await takePicture(page, 'editor-conflict-week');
    await openIn(page, 'Dentist');
    await page.getByTestId('in-conflict').waitFor();
    await takePicture(page, 'editor-conflict');
    await page.context().close();
  });

  it('takes a time on the clock of another place, and says what that is on the own one', async () => {
    const page = await open(1, PHONE);
    const tokyo = 'Asia/Tokyo';
    const call = TODAY.toZonedDateTime({ timeZone: tokyo, plainTime: '21:00' });
    const here = call.withTimeZone(BROWSER_ZONE).toPlainTime().toString({ smallestUnit: 'minute' });
    await start(page, 'Call from Tokyo', '21:00', '21:30');
    await page.getByTestId('time-zone').locator('summary').click();
    await page.getByTestId('appointment-time-zone').selectOption(tokyo);
    await page.getByTestId('time-zone').getByText(here).scrollIntoViewIfNeeded();
    await takePicture(page, 'editor-phone-zone');
    await assertNoOverflow(page);
    await save(page);
    const [entry] = await agenda('Call from Tokyo');
    assert.equal(Temporal.Instant.from(entry!.start).epochMilliseconds, call.epochMilliseconds);
    await openIn(page, 'Call from Tokyo');
    assert.equal(await page.getByTestId('appointment-start-time').inputValue(), '21:00');
    await page.getByTestId('time-zone').getByText(here).waitFor();
    await page.context().close();
  });

  it('has not been complained of by the browser', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
