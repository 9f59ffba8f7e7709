import type { User } from '@agenda/proto/agenda/v1/model';
import type { PersonAnswer, UserAnswer } from '../schemas/accounts.ts';
import { instant, orNull, roleName } from './values.ts';

/** A user as the user sees it. */
export function userView(user: User): UserAnswer {
  return {
    id: user.id,
    username: user.username,
    email: orNull(user.email),
    displayName: user.displayName,
    timeZone: user.timeZone,
    role: roleName(user.role),
    version: user.version,
    createdAt: instant(user.createdAtMs),
    updatedAt: instant(user.updatedAtMs),
  };
}

/** A user as others see it. */
export function personView({ id, username, displayName, timeZone }: User): PersonAnswer {
  return { id, username, displayName, timeZone };
}
