import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { expect } from '../support/api-client.ts';
import {
  assertNoOverflow,
  LAPTOP,
  logIn,
  PHONE,
  register,
  TestBrowser,
  takePicture,
  todayAt,
  waitLive,
} from '../support/browser.ts';
import { TestCluster } from '../support/cluster.ts';

describe('the page in a real browser', () => {
  let test: TestCluster;
  let browser: TestBrowser;

  before(async () => {
    browser = await TestBrowser.launch();
    test = await TestCluster.start(3);
  });

  after(async () => {
    await browser?.close();
    await test?.destroy();
  });

  const open = (pod: number, viewport = LAPTOP): Promise<Page> => browser.open(test.pods[pod]?.url, viewport);

  it('registers, adds an appointment on pod 1, and pod 2 shows it without reloading', async () => {
    const first = await open(0);
    await takePicture(first, 'login');
    await register(first, 'carla');
    const second = await open(1);
    await logIn(second, 'carla');
    await waitLive(second);
    await first.getByTestId('new-appointment').click();
    await first.getByTestId('appointment-title').fill('Dentist');
    // Not at the next full hour, which is what the form offers: the other tests book at seven.
    await first.getByTestId('appointment-start-time').fill('12:00');
    await first.getByTestId('appointment-end-time').fill('12:30');
    await takePicture(first, 'new-appointment');
    await first.getByTestId('save-appointment').click();
    await first.getByTestId('calendar').getByText('Dentist').first().waitFor();
    await second.getByTestId('calendar').getByText('Dentist').first().waitFor();
    await takePicture(first, 'week');
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
        await takePicture(page, 'conflict');
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
    await waitLive(page);
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
    await takePicture(page, 'invitation');
    await page.getByTestId('answer-accept').click();
    await page.getByTestId('appointment-dialog').waitFor({ state: 'hidden' });
    const { status } = expect(await dana.call('GET', `/api/appointments/${id}`), 200).body;
    assert.equal(status, 'accepted');
    await page.context().close();
  });

  it('deletes one occurrence of what repeats, and leaves the others', async () => {
    const page = await open(1);
    await logIn(page, 'carla');
    await waitLive(page);
    const carla = await test.client(2).login('carla');
    const body = {
      title: 'Walk',
      start: todayAt(22),
      end: todayAt(23),
      recurrence: { rule: 'FREQ=DAILY;COUNT=2' },
    };
    const { id } = expect(await carla.call('POST', '/api/appointments', { body }), 201).body;
    await page.getByTestId('calendar').getByText('Walk').first().click();
    await page.getByTestId('delete-appointment').click();
    await page.getByTestId('scope-this').check();
    await page.getByTestId('choose-scope').click();
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
    await waitLive(page);
    await takePicture(page, 'phone');
    await assertNoOverflow(page);
    await page.context().close();
  });

  it('stays usable when its pod dies and is live again when the pod is back', async () => {
    const [pod] = test.pods;
    assert.ok(pod);
    const page = await open(0);
    await logIn(page, 'carla');
    await waitLive(page);
    const appointment = page.getByTestId('calendar').getByText('Dentist').first();
    await appointment.waitFor();
    await pod.kill();
    await page.getByTestId('connection-status').getByText('Reconnecting').waitFor();
    await appointment.waitFor();
    await takePicture(page, 'reconnecting');
    pod.start();
    await pod.waitReady(60_000);
    await waitLive(page);
    await page.context().close();
  });

  it('caused no error and broke no rule of the content security policy', () => {
    assert.deepEqual(browser.complaints, []);
  });
});
