/** Every viewer × every appointment × every path, against a table written from the rules (testing/privacy/table.ts). */
import { Walk } from '../testing/privacy/walk.ts';
import { walkCalendars } from '../testing/privacy/walk-calendars.ts';
import { walkCalls } from '../testing/privacy/walk-calls.ts';
import { walkDetails } from '../testing/privacy/walk-details.ts';
import { walkGroups } from '../testing/privacy/walk-groups.ts';
import { walkLists } from '../testing/privacy/walk-lists.ts';
import { walkNews } from '../testing/privacy/walk-news.ts';
import { walkTimes } from '../testing/privacy/walk-times.ts';

describe('what a viewer sees of an appointment', () => {
  const walk = new Walk();

  before(() => walk.open());
  after(() => walk.close());

  walkDetails(walk);
  walkLists(walk);
  walkTimes(walk);
  walkCalendars(walk);
  walkNews(walk);
  walkGroups(walk);
  walkCalls(walk);
});
