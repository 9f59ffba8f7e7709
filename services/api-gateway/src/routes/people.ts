import { readContext } from '../middleware/consistency.ts';
import { personAnswer, usersQuerySchema } from '../schemas/accounts.ts';
import { listOf } from '../schemas/fields.ts';
import { parse } from '../schemas/parse.ts';
import { personView } from '../views/accounts.ts';
import { listView } from '../views/values.ts';
import { answer } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';

function searchUsers({ agenda }: Gateway): Route {
  return async (context) => {
    const { query, limit, cursor } = parse(usersQuerySchema, context.query);
    const request = { context: readContext(context), query, limit, cursor };
    const page = await agenda.read(context, (calls, options) => calls.searchUsers(request, options));
    answer(context, 200, listView(page.users.map(personView), page.nextCursor), page.index);
  };
}

export const peopleEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/users',
    topic: 'People',
    summary: 'Find people by the beginning of their names',
    agenda: 'read',
    query: usersQuerySchema,
    budget: 'searches',
    answers: { 200: { what: 'A page of them.', schema: listOf(personAnswer).meta({ id: 'People' }) } },
    handler: searchUsers,
  },
];
