import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
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
import { enterAll, type Person } from '../support/people.ts';

const NAME = 'Kitchen';
const RENAMED = 'Kitchen, bakery and all who serve at the long table';

describe('groups on the page', () => {
  let test: TestCluster;
  let browser: TestBrowser;
  let ana: Person;
  let ben: Person;
  let cleo: Person;
  let anasPage: Page;
  let bensPage: Page;
  let cleosPage: Page;

  before(async () => {
    browser = await TestBrowser.launch();
    test = await TestCluster.start(3);
    [ana, ben, cleo] = (await enterAll(test, ['ana', 'ben', 'cleo'])) as [Person, Person, Person];
    await ana.do(200, 'PUT', '/api/me/profile', { displayName: 'Ana Silva' });
    await ben.do(200, 'PUT', '/api/me/profile', { displayName: 'Ben Okoro' });
    await cleo.do(200, 'PUT', '/api/me/profile', { displayName: 'Cleo Martín' });
    [anasPage, bensPage] = await Promise.all([enter(0, 'ana', LAPTOP), enter(1, 'ben', PHONE)]);
  });

  after(async () => {
    await browser?.close();
    await test?.destroy();
  });

  const enter = async (pod: number, name: string, viewport: typeof LAPTOP): Promise<Page> => {
    const page = await browser.open(test.pods[pod]?.url, viewport);
    await logIn(page, name);
    await waitLive(page);
    return page;
  };
  const member = (page: Page, name: string) => page.locator(`[data-testid="member"][data-user="${name}"]`);
  const rankOf = (page: Page, name: string, rank: number) =>
    member(page, name)
      .getByTestId('rank')
      .filter({ hasText: new RegExp(`^${rank}$`) });

  it('creates a group, finds people by name with the keyboard, and who is added sees it at once', async () => {
    await anasPage.getByTestId('open-groups').click();
    await takePicture(anasPage, 'groups-none');
    await anasPage.getByTestId('new-group').click();
    await anasPage.getByTestId('group-name').fill(NAME);
    await anasPage.getByTestId('group-description').fill('Who cooks, who serves, and when.');
    await anasPage.getByTestId('kind-hierarchical').check();
    await takePicture(anasPage, 'group-new');
    await anasPage.getByTestId('group-save').click();
    await anasPage.getByTestId('add-members').click();
    for (const [typed, found] of [
      ['oko', 'Ben Okoro'],
      ['cle', 'Cleo Martín'],
    ] as const) {
      await anasPage.getByTestId('add-people').fill(typed);
      await anasPage.getByTestId('found-person').getByText(found).waitFor();
      await takePicture(anasPage, `group-add-${typed}`);
      await anasPage.getByTestId('add-people').press('Escape');
      await anasPage.getByTestId('found-person').waitFor({ state: 'detached' });
      await anasPage.getByTestId('add-people').fill(typed);
      await anasPage.getByTestId('found-person').getByText(found).waitFor();
      await anasPage.getByTestId('add-people').press('Enter');
      await anasPage.getByTestId('add-people-chosen').getByText(found).waitFor();
    }
    await anasPage.getByTestId('add-rank').fill('1000');
    await anasPage.getByTestId('add-members-save').click();
    await anasPage.getByText('A whole number from 1 to 999.').waitFor();
    await anasPage.getByTestId('add-rank').fill('50');
    await anasPage.getByTestId('add-members-save').click();
    await rankOf(anasPage, 'ben', 50).waitFor();
    await takePicture(anasPage, 'group-members');
    await bensPage.getByTestId('toasts').getByText('Ana Silva added you').waitFor();
    await takePicture(bensPage, 'group-told-phone');
    await bensPage.getByTestId('open-groups').click();
    await bensPage.getByTestId('group-row').getByText(NAME).click();
    await rankOf(bensPage, 'cleo', 50).waitFor();
  });

  it('renames it, also where others look at it; not over what was changed meanwhile without saying so', async () => {
    await anasPage.getByTestId('edit-group').click();
    const [{ id }] = (await ana.do(200, 'GET', '/api/groups')).items;
    await ana.do(200, 'PATCH', `/api/groups/${id}`, { name: 'Cooks' });
    await bensPage.getByRole('heading', { name: 'Cooks' }).waitFor();
    await anasPage.getByTestId('group-name').fill(RENAMED);
    await anasPage.getByTestId('group-save').click();
    await anasPage.getByText('is called “Cooks” now').waitFor();
    await takePicture(anasPage, 'group-changed-meanwhile');
    await anasPage.getByTestId('group-save').click();
    for (const page of [anasPage, bensPage]) await page.getByRole('heading', { name: RENAMED }).waitFor();
    await takePicture(bensPage, 'group-renamed-phone');
  });

  it('changes a rank, which others see while they look, and offers nothing that the rank does not allow', async () => {
    await member(bensPage, 'cleo').getByRole('button', { expanded: false }).click();
    await takePicture(bensPage, 'group-phone');
    assert.equal(await bensPage.getByTestId('remove-member').count(), 0);
    assert.equal(await bensPage.getByTestId('save-rank').count(), 0);
    assert.equal(await bensPage.getByTestId('edit-group').count(), 0);
    await member(anasPage, 'ben').getByRole('button', { expanded: false }).click();
    await anasPage.getByTestId('member-rank').fill('500');
    await takePicture(anasPage, 'group-rank');
    await anasPage.getByTestId('save-rank').click();
    await rankOf(bensPage, 'ben', 500).waitFor();
    await bensPage.getByTestId('save-rank').waitFor();
    await bensPage.getByTestId('remove-member').waitFor();
    await takePicture(bensPage, 'group-rank-phone');
    await assertNoOverflow(bensPage);
  });

  it('shows the agendas of a group as one: whose each entry is, and of what is private that somebody is busy', async () => {
    const [breakfast, doctor, supper] = [8, 10, 12].map((hour) => ({
      start: todayAt(hour),
      end: todayAt(hour + 1),
    }));
    await ana.do(201, 'POST', '/api/appointments', { title: 'Market', ...breakfast });
    await ben.do(201, 'POST', '/api/appointments', { title: 'Bakery', privacy: 'freebusy', ...breakfast });
    await cleo.do(201, 'POST', '/api/appointments', { title: 'Doctor', privacy: 'freebusy', ...doctor });
    await bensPage.getByTestId('group-agenda').click();
    const calendar = bensPage.getByTestId('calendar');
    await calendar.getByText('Ana: Market').waitFor();
    await calendar.getByText('You: Bakery').waitFor();
    // Private to others, but his rank is above hers; hers is below his.
    await calendar.getByText('Cleo: Doctor').waitFor();
    cleosPage = await enter(2, 'cleo', LAPTOP);
    await cleosPage.getByTestId('whose').selectOption({ label: RENAMED });
    await cleosPage.getByTestId('calendar').getByText('Ben: Busy').click();
    await cleosPage.getByTestId('entry-dialog').getByText('More of it is private').waitFor();
    assert.equal(await cleosPage.getByTestId('calendar').getByText('Bakery').count(), 0);
    await takePicture(cleosPage, 'agenda-busy');
    await cleosPage.getByLabel('Close').click();
    await bensPage.getByTestId('legend').getByText('Cleo Martín').waitFor();
    await takePicture(bensPage, 'agenda-phone');
    await assertNoOverflow(bensPage);
    await calendar.getByText('Ana: Market').click();
    await bensPage.getByTestId('entry-dialog').getByText('Only its owner can change it').waitFor();
    await takePicture(bensPage, 'agenda-entry-phone');
    await bensPage.getByLabel('Close').click();
    const [kitchen] = (await ana.do(200, 'GET', '/api/groups')).items;
    await ana.do(201, 'POST', '/api/appointments', { title: 'Supper', groupId: kitchen.id, ...supper });
    await calendar.getByText('Everyone: Supper').waitFor();
  });

  it('shows one person’s agenda, and goes back to the own one', async () => {
    await member(anasPage, 'ben').getByTestId('member-agenda').click();
    await anasPage.getByTestId('calendar').getByText('Bakery').waitFor();
    await anasPage.getByTestId('legend').getByText('Ben Okoro').waitFor();
    assert.equal(await anasPage.getByTestId('calendar').getByText('Market').count(), 0);
    await takePicture(anasPage, 'agenda-person');
    await anasPage.getByTestId('whose').selectOption({ label: RENAMED });
    await anasPage.getByTestId('calendar').getByText('You: Market').waitFor();
    await takePicture(anasPage, 'agenda-group');
    await assertNoOverflow(anasPage);
    for (const width of [1090, 1000, 730]) {
      await anasPage.setViewportSize({ ...LAPTOP, width });
      await takePicture(anasPage, `agenda-group-${width}`);
      await assertNoOverflow(anasPage);
    }
    await anasPage.setViewportSize(LAPTOP);
    await anasPage.getByTestId('legend-person').getByText('Ben').click();
    await anasPage.getByTestId('calendar').getByText('Ben: Bakery').waitFor({ state: 'hidden' });
    await anasPage.getByTestId('show-own').click();
    await anasPage.getByTestId('calendar').getByText('You: Market').waitFor({ state: 'hidden' });
    await anasPage.getByTestId('calendar').getByText('Market').waitFor();
  });

  it('hands a group over; who then leaves is shown the own agenda, and the group is gone from the page', async () => {
    await anasPage.getByTestId('open-groups').click();
    await anasPage.getByTestId('group-row').getByText(NAME).click();
    assert.equal(await anasPage.getByTestId('leave-group').count(), 0);
    await member(anasPage, 'ben').getByRole('button', { expanded: false }).click();
    await anasPage.getByTestId('hand-over').click();
    await takePicture(anasPage, 'group-hand-over');
    await anasPage.getByTestId('group-confirm').click();
    await rankOf(anasPage, 'ben', 1000).waitFor();
    await bensPage.getByTestId('notifications-button').click();
    await bensPage.getByTestId('notification').getByText('is yours now').click();
    await bensPage.getByTestId('delete-group').waitFor();
    await bensPage.getByLabel('Close').click();
    await anasPage.getByTestId('group-agenda').click();
    await anasPage.getByTestId('legend').waitFor();
    await anasPage.getByTestId('open-groups').click();
    await anasPage.getByTestId('group-row').getByText(NAME).click();
    await anasPage.getByTestId('leave-group').click();
    await anasPage.getByTestId('group-confirm').click();
    await anasPage.getByText('You are in no group yet').waitFor();
    await anasPage.getByTestId('legend').waitFor({ state: 'detached' });
    await bensPage.getByTestId('legend').getByText('Ana Silva').waitFor({ state: 'detached' });
  });

  it('asks before it deletes a group, and tells whoever was in it', async () => {
    await bensPage.getByTestId('open-groups').click();
    await bensPage.getByTestId('group-row').getByText(NAME).click();
    await bensPage.getByTestId('delete-group').click();
    await bensPage.getByText('Its future appointments are cancelled').waitFor();
    await takePicture(bensPage, 'group-delete-phone');
    await bensPage.getByTestId('group-confirm').click();
    await bensPage.getByText('You are in no group yet').waitFor();
    await cleosPage.getByTestId('toasts').getByText('was deleted').waitFor();
    await cleosPage.getByTestId('legend').waitFor({ state: 'detached' });
    await cleosPage.getByTestId('whose').waitFor({ state: 'detached' });
  });

  it('has no ranks among equals, where the creator alone adds and removes', async () => {
    await bensPage.getByTestId('new-group').click();
    await bensPage.getByTestId('group-name').fill('Family');
    await takePicture(bensPage, 'group-new-phone');
    await bensPage.getByTestId('group-save').click();
    await bensPage.getByTestId('add-members').click();
    await bensPage.getByTestId('add-people').fill('cleo');
    await bensPage.getByTestId('found-person').click();
    assert.equal(await bensPage.getByTestId('add-rank').count(), 0);
    await takePicture(bensPage, 'group-add-phone');
    await bensPage.getByTestId('add-members-save').click();
    await cleosPage.getByTestId('open-groups').click();
    await cleosPage.getByTestId('group-row').getByText('Family').click();
    await member(cleosPage, 'ben').getByRole('button', { expanded: false }).click();
    await cleosPage.getByTestId('member-agenda').waitFor();
    for (const absent of ['rank', 'add-members', 'edit-group', 'remove-member', 'hand-over', 'delete-group'])
      assert.equal(await cleosPage.getByTestId(absent).count(), 0, absent);
    await takePicture(cleosPage, 'group-equals');
  });

  it('caused no error and broke no rule of the content security policy', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
