import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
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
import { enterAll, type Person } from '../support/people.ts';

/** Tomorrow: nothing of it has begun. */
const DAY = Temporal.Now.zonedDateTimeISO(BROWSER_ZONE).startOfDay().add({ days: 1 });

function at(hour: number): string {
  return DAY.with({ hour }).toInstant().toString();
}

function from(hour: number, to: number): { start: string; end: string } {
  return { start: at(hour), end: at(to) };
}

/** As the page writes them, whatever the width of its spaces. */
function hours(start: number, end: number): RegExp {
  return new RegExp(`${start}:00\\s?–\\s?${end}:00`);
}

describe('finding a time on the page', () => {
  let test: TestCluster;
  let browser: TestBrowser;
  let ana: Person;
  let ben: Person;
  let cleo: Person;
  let dan: Person;
  let laptop: Page;
  let phone: Page;

  before(async () => {
    browser = await TestBrowser.launch();
    test = await TestCluster.start(3);
    [ana, ben, cleo, dan] = (await enterAll(test, ['ana', 'ben', 'cleo', 'dan'])) as [
      Person,
      Person,
      Person,
      Person,
    ];
    const names = ['Ana Silva', 'Ben Okoro', 'Cleo Martín', 'Dan Ruiz'];
    for (const [nth, person] of [ana, ben, cleo, dan].entries())
      await person.do(200, 'PUT', '/api/me/profile', { displayName: names[nth], timeZone: BROWSER_ZONE });
    const team = { name: 'Kitchen', description: '', kind: 'non_hierarchical' };
    const { id } = await ana.do(201, 'POST', '/api/groups', team);
    for (const person of [ben, cleo]) await ana.do(200, 'PUT', `/api/groups/${id}/members/${person.id}`, {});
    // Ben is free from 11 on; Cleo is not at that hour, nor at the next.
    await ben.do(201, 'POST', '/api/appointments', { title: 'Bakery', privacy: 'freebusy', ...from(0, 11) });
    await cleo.do(201, 'POST', '/api/appointments', {
      title: 'Doctor',
      privacy: 'freebusy',
      ...from(11, 13),
    });
    [laptop, phone] = await Promise.all([
      browser.open(test.pods[0]?.url, LAPTOP),
      browser.open(test.pods[1]?.url, PHONE),
    ]);
    await logIn(laptop, 'ana');
    await logIn(phone, 'ana');
    await Promise.all([waitLive(laptop), waitLive(phone)]);
  });

  after(async () => {
    await browser?.close();
    await test?.destroy();
  });

  const openOnPhone = async (testId: string) => {
    await phone.getByTestId('account-menu-button').click();
    await phone.getByTestId(testId).click();
  };
  const choose = async (page: Page, field: string, typed: string, name: string) => {
    await page.getByTestId(field).fill(typed);
    await page.getByTestId('found-person').getByText(name).click();
    await page.getByTestId(`${field}-chosen`).getByText(name).waitFor();
  };
  const onlyTomorrow = async (page: Page) => {
    const day = DAY.toPlainDate().toString();
    await page.getByTestId('free-time-first-day').fill(day);
    await page.getByTestId('free-time-last-day').fill(day);
    for (let weekday = 1; weekday <= 7; weekday += 1)
      await page.getByTestId(`free-time-weekday-${weekday}`).check({ force: true });
  };

  it('finds the first time at which all are free who have to come, and says who else cannot', async () => {
    await laptop.getByTestId('find-time').click();
    await takePicture(laptop, 'free-time-new');
    await choose(laptop, 'free-time-people', 'ben', 'Ben Okoro');
    await choose(laptop, 'free-time-optional', 'cle', 'Cleo Martín');
    await onlyTomorrow(laptop);
    await takePicture(laptop, 'free-time-asked');
    await laptop.getByTestId('free-time-ask').click();
    const slots = laptop.getByTestId('free-slot');
    await slots.first().getByText(hours(13, 14)).waitFor();
    await laptop.getByTestId('free-slots').getByText('Without Cleo Martín.').first().waitFor();
    await slots
      .filter({ hasText: hours(11, 12) })
      .getByText('Without Cleo Martín.')
      .waitFor();
    assert.equal(await slots.filter({ hasText: '10:00' }).count(), 0);
    assert.equal(await laptop.getByText(/Bakery|Doctor/).count(), 0);
    await takePicture(laptop, 'free-time-slots');
    await assertNoOverflow(laptop);
  });

  it('books the time that was chosen', async () => {
    await laptop.getByTestId('free-slot').first().click();
    await laptop.getByTestId('appointment-title').fill('Menu for June');
    await laptop.getByTestId('invitee').filter({ hasText: 'Cleo Martín' }).waitFor();
    await takePicture(laptop, 'free-time-booking');
    await laptop.getByTestId('save-appointment').click();
    await laptop.getByTestId('calendar').getByText('Menu for June').first().waitFor();
    const { items } = await ana.do(200, 'GET', `/api/agenda?start=${at(0)}&end=${at(23)}`);
    const [{ title, start, end, participants }] = items;
    assert.equal(title, 'Menu for June');
    assert.deepEqual([Date.parse(start), Date.parse(end)], [Date.parse(at(13)), Date.parse(at(14))]);
    const asked = participants.map((person: { username: string; optional: boolean }) => [
      person.username,
      person.optional,
    ]);
    assert.deepEqual(asked.sort(), [
      ['ben', false],
      ['cleo', true],
    ]);
  });

  it('looks for another time for an appointment that is being made, and keeps what was said of it', async () => {
    await phone.getByTestId('new-appointment').click();
    await phone.getByTestId('appointment-title').fill('Tasting');
    await takePicture(phone, 'free-time-offered-phone');
    await phone.getByTestId('find-another-time').click();
    await choose(phone, 'free-time-people', 'ben', 'Ben Okoro');
    await onlyTomorrow(phone);
    await phone.getByTestId('free-time-ask').click();
    await phone
      .getByTestId('free-slot')
      .filter({ hasText: hours(12, 13) })
      .click();
    await phone.getByTestId('people-part').getByText('Ben Okoro').first().waitFor();
    assert.equal(await phone.getByTestId('appointment-title').inputValue(), 'Tasting');
    assert.equal(await phone.getByTestId('appointment-start-time').inputValue(), '12:00');
    assert.equal(
      await phone.getByTestId('appointment-start-date').inputValue(),
      DAY.toPlainDate().toString(),
    );
    await takePicture(phone, 'free-time-taken-over-phone');
    await phone.getByLabel('Close').click();
  });

  it('works on a phone, for a whole group, and says what to do when there is no time', async () => {
    await openOnPhone('open-free-time');
    await takePicture(phone, 'free-time-new-phone');
    await phone.getByLabel('Close').click();
    await phone.getByTestId('open-groups').click();
    await phone.getByTestId('group-row').getByText('Kitchen').click();
    await phone.getByTestId('members').waitFor();
    await takePicture(phone, 'free-time-of-group-phone');
    await phone.getByTestId('group-find-time').click();
    await phone
      .getByTestId('free-time-group')
      .locator('option:checked')
      .getByText('Kitchen')
      .waitFor({ state: 'attached' });
    await phone.getByTestId('free-time-duration').selectOption({ label: '4 hours' });
    await onlyTomorrow(phone);
    await phone.getByTestId('free-time-from').fill('11:00');
    await phone.getByTestId('free-time-to').fill('15:00');
    await takePicture(phone, 'free-time-asked-phone');
    await phone.getByTestId('free-time-ask').click();
    await phone.getByTestId('free-time-said').getByText('You could make it shorter').waitFor();
    await phone.getByTestId('busiest').getByText('Ben Okoro').waitFor();
    await takePicture(phone, 'free-time-none-phone');
    await phone.getByTestId('free-time-again').click();
    await phone.getByTestId('free-time-any-hour').click();
    await phone.getByTestId('free-time-ask').click();
    await phone.getByTestId('free-slot').first().getByText(hours(14, 18)).waitFor();
    await phone.getByTestId('free-slot').first().getByText('Everybody is free.').waitFor();
    await takePicture(phone, 'free-time-slots-phone');
    await assertNoOverflow(phone);
  });

  it('names whom one may not ask about', async () => {
    await phone.getByTestId('dialog-back').click();
    await choose(phone, 'free-time-people', 'dan', 'Dan Ruiz');
    await phone.getByTestId('free-time-ask').click();
    await phone.getByText('You share no group with Dan Ruiz').waitFor();
    await takePicture(phone, 'free-time-refused-phone');
    await phone.getByLabel('Close').click();
  });

  it('lists what overlaps, two by two, and goes to the one that is chosen', async () => {
    await ana.do(201, 'POST', '/api/appointments', { title: 'Market', ...from(9, 11) });
    const supplier = { title: 'Supplier', ...from(10, 12), allowConflict: true };
    await ana.do(201, 'POST', '/api/appointments', supplier);
    await ben.do(201, 'POST', '/api/appointments', {
      title: 'New oven',
      ...from(13, 15),
      participants: [{ userId: ana.id }],
    });
    // Both are marked in the calendar, too, though only one of them is new.
    for (const title of ['Market', 'Supplier'])
      await laptop
        .getByTestId('calendar')
        .getByText(new RegExp(`\u26a0.*${title}`))
        .waitFor();
    await laptop.getByTestId('notifications-button').click();
    await laptop.getByTestId('see-conflicts').waitFor();
    await takePicture(laptop, 'conflicts-told');
    await laptop.getByTestId('see-conflicts').click();
    const pairs = laptop.getByTestId('conflict-pair');
    await pairs
      .filter({ hasText: 'Market' })
      .filter({ hasText: 'Supplier' })
      .getByText(hours(10, 11))
      .waitFor();
    const invited = pairs.filter({ hasText: 'Menu for June' }).filter({ hasText: 'New oven' });
    await invited.getByText('you have not answered').waitFor();
    await takePicture(laptop, 'conflicts');
    await laptop.getByTestId('more-conflicts').click();
    await laptop.getByTestId('conflicts-said').getByText('next 8 weeks').waitFor();
    await invited.getByTestId('conflict-item').getByText('New oven').click();
    await laptop.getByTestId('appointment-dialog').waitFor();
    await takePicture(laptop, 'conflict-chosen');
    await laptop.getByTestId('in-conflict').getByTestId('see-conflicts').click();
    await invited.waitFor();
    await laptop.getByLabel('Close').click();
    await openOnPhone('open-conflicts');
    await phone.getByTestId('conflict-pair').nth(1).waitFor();
    await takePicture(phone, 'conflicts-phone');
    await assertNoOverflow(phone);
  });

  it('caused no error and broke no rule of the content security policy', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
