import assert from 'node:assert/strict';
import { deadlineAt } from '@agenda/service-kit/deadline';
import type { ServiceError } from '@agenda/service-kit/errors';
import { ARGON2_CONCURRENT_MAX, ARGON2_QUEUE_MAX, Passwords } from './passwords.ts';

describe('Passwords', () => {
  const passwords = new Passwords();

  it('makes an argon2id PHC string that only the same password matches', async () => {
    const hash = await passwords.hash('correct horse', deadlineAt(9_000));
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.equal(await passwords.verify('correct horse', hash, deadlineAt(9_000)), true);
    assert.equal(await passwords.verify('correct horsf', hash, deadlineAt(9_000)), false);
  });

  it('salts: the same password never gives the same hash', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => passwords.hash('same', deadlineAt(9_000))));
    assert.notEqual(one, two);
  });

  it('accepts a hash made by the reference implementation', async () => {
    // argon2 CLI: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
    const reference =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    assert.equal(await passwords.verify('password', reference, deadlineAt(9_000)), true);
  });

  it('does the work for a user who does not exist, and says no', async () => {
    assert.equal(await passwords.verify('whatever', undefined, deadlineAt(9_000)), false);
  });

  it('refuses as overloaded what its queue cannot hold', async () => {
    const deadlineAtMs = deadlineAt(50);
    const outcomes = await Promise.allSettled(
      Array.from({ length: ARGON2_CONCURRENT_MAX + ARGON2_QUEUE_MAX + 1 }, () =>
        passwords.hash('x', deadlineAtMs),
      ),
    );
    const last = outcomes.at(-1) as PromiseRejectedResult;
    assert.equal((last.reason as ServiceError).code, 'overloaded');
    assert.equal(outcomes[0]?.status, 'fulfilled');
  });
});
