import assert from 'node:assert/strict';
import { AppointmentField, type AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { Privacy } from '@agenda/proto/agenda/v1/model';
import { DAY_MS, fieldsOf, HOUR_MS } from './testing.ts';
import {
  appointmentErrors,
  appointmentFieldErrors,
  displayNameErrors,
  emailErrors,
  type FieldProblem,
  passwordErrors,
  timeZoneErrors,
  usernameErrors,
} from './validate.ts';

type Rule = (value: string, path: string) => FieldProblem[];

function assertRule(rule: Rule, values: { right: readonly string[]; wrong: readonly string[] }): void {
  for (const value of values.right) assert.deepEqual(rule(value, 'field'), [], JSON.stringify(value));
  for (const value of values.wrong) {
    const [problem, ...others] = rule(value, 'field');
    assert.equal(problem?.path, 'field', JSON.stringify(value));
    assert.equal(others.length, 0);
  }
}

describe('the rule of a field', () => {
  it('user name: 3 to 64 of lower case, digits, dot, underscore and hyphen', () => {
    assertRule(usernameErrors, {
      right: ['ana', 'a.b_c-d', '007', 'a'.repeat(64)],
      wrong: ['', 'an', 'Ana', '.ana', '-ana', 'ana maria', 'añá', 'ana\n', 'a'.repeat(65)],
    });
  });

  it('password: 8 to 256 characters of any kind', () => {
    assertRule(passwordErrors, {
      right: ['12345678', ' '.repeat(8), 'x'.repeat(256)],
      wrong: ['', '1234567', 'x'.repeat(257)],
    });
  });

  it('e-mail: empty, or an address', () => {
    assertRule(emailErrors, {
      right: ['', 'ana@example.org', 'a+b@sub.example.co', `${'a'.repeat(64)}@example.org`],
      wrong: ['ana', 'ana@', '@example.org', 'ana@example', 'a b@example.org', 'ana@exa mple.org'].concat(
        [' ana@example.org', 'ana@example.org ', 'ana@example.org\n', 'ana\u00a0x@example.org'],
        ['a@b@example.org', '<ana@example.org>', 'ana\u0000@example.org', `${'a'.repeat(65)}@example.org`],
      ),
    });
  });

  it('display name: one line of 1 to 100 characters that are not all blank', () => {
    assertRule(displayNameErrors, {
      right: ['A', 'Ana María Pérez', '小林', '👩‍💻', 'x'.repeat(100)],
      wrong: ['', ' ', '\t', '\u00a0\u2003\u3000', 'a\nb', 'a\u0000b', 'a\u2028b', '\ud800', 'x'.repeat(101)],
    });
  });

  it('time zone: present; whether it exists is not decided here', () => {
    assertRule(timeZoneErrors, { right: ['Europe/Lisbon', 'Mars/Base'], wrong: ['', ' ', 'x'.repeat(65)] });
  });
});

describe('the rules of an appointment', () => {
  const wrongPaths = (change: Partial<AppointmentFields>): string[] =>
    appointmentErrors({ ...fieldsOf(0, HOUR_MS), ...change }, 'fields.').map(({ path }) => path);

  it('accept what is right', () => {
    assert.deepEqual(wrongPaths({}), []);
    assert.deepEqual(wrongPaths({ description: 'line\r\n\tline', location: '' }), []);
    assert.deepEqual(wrongPaths({ privacy: Privacy.PRIVACY_FREEBUSY }), []);
  });

  it('name every field that is wrong', () => {
    const everything = {
      title: '',
      description: 'x'.repeat(10_001),
      location: 'a\nb',
      timeZone: '',
      privacy: Privacy.PRIVACY_UNSPECIFIED,
      icalUid: 'x'.repeat(256),
    };
    const paths = ['title', 'description', 'location', 'timeZone', 'icalUid', 'privacy'];
    assert.deepEqual(
      wrongPaths(everything),
      paths.map((name) => `fields.${name}`),
    );
  });

  it('want a start in the years 1970 to 9999 and an end after it, by at most 366 days', () => {
    const year10000 = Date.UTC(10_000, 0, 1);
    for (const [startMs, endMs, path] of [
      [-1, HOUR_MS, 'start'],
      [0.5, HOUR_MS, 'start'],
      [Number.NaN, HOUR_MS, 'start'],
      [year10000, year10000 + 1, 'start'],
      [year10000 - 1, year10000, 'end'],
      [HOUR_MS, HOUR_MS, 'end'],
      [0, 366 * DAY_MS + 1, 'end'],
    ] as const)
      assert.equal(wrongPaths({ startMs, endMs })[0], `fields.${path}`, `${startMs} to ${endMs}`);
    assert.deepEqual(wrongPaths({ startMs: 0, endMs: 366 * DAY_MS }), []);
  });

  it('count only for the fields that are listed, and refuse a field that cannot be changed', () => {
    const fields = { ...fieldsOf(HOUR_MS, 0), title: 'right' };
    assert.deepEqual(appointmentFieldErrors(fields, [AppointmentField.APPOINTMENT_FIELD_TITLE], ''), []);
    const [problem] = appointmentFieldErrors(fields, [AppointmentField.APPOINTMENT_FIELD_UNSPECIFIED], '');
    assert.equal(problem?.path, 'changed');
  });
});
