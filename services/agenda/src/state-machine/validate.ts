/** The rules of single fields. Apply decides by them; the API asks them first to save a round trip. */
import { AppointmentField, type AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { GroupKind, ParticipantStatus, Privacy } from '@agenda/proto/agenda/v1/model';
import { occurrenceErrors } from './occurrences.ts';
import { SPAN_MS_MAX } from './spans.ts';

export interface FieldProblem {
  /** Dotted path in the request. */
  readonly path: string;
  /** What is wrong and what would be right; follows the path in a sentence. */
  readonly message: string;
}

const USERNAME = /^[a-z0-9][a-z0-9._-]{2,63}$/;
/** Blanks, spelled out: what `\s` and trim() take for one is Unicode's, and Node versions differ in theirs. */
const BLANK = '\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
const BLANK_ONLY = new RegExp(`^[${BLANK}]*$`);
const EMAIL = new RegExp(`^[^${BLANK}@,;<>"]{1,64}@[^${BLANK}@,;<>"]{1,185}\\.[^${BLANK}@,;<>".]{2,63}$`);
/**
 * C0, DEL, C1 and the line and paragraph separators: they forge log lines and break calendars. The members of Cc and
 * of Surrogate never change (Unicode, "Character Encoding Stability Policies").
 */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const CONTROL_EXCEPT_BREAKS = /(?![\t\n\r])\p{Cc}/u;
const LONE_SURROGATE = /\p{Surrogate}/u;

const DISPLAY_NAME_MAX = 100;
const PASSWORD_MIN = 8;
const PASSWORD_MAX = 256;
const TITLE_MAX = 200;
const LOCATION_MAX = 500;
const DESCRIPTION_MAX = 10_000;
const TIME_ZONE_MAX = 64;
const REMINDERS_MAX = 5;
/** Four weeks. */
const REMINDER_MINUTES_MAX = 40_320;
const GROUP_NAME_MAX = 100;
const GROUP_DESCRIPTION_MAX = 2_000;
const ICAL_UID_MAX = 255;
const ICAL_EXTRA_MAX = 65_536;
/** 1970-01-01 and 10000-01-01, exclusive at the end. */
const INSTANT_MIN_MS = 0;
const INSTANT_MAX_MS = 253_402_300_800_000;

/** In lower case already. */
export function usernameErrors(username: string, path: string): FieldProblem[] {
  if (USERNAME.test(username)) return [];
  return [
    { path, message: 'must have 3 to 64 of a–z, 0–9, ".", "_" and "-", and begin with a letter or digit' },
  ];
}

export function passwordErrors(password: string, path: string): FieldProblem[] {
  const { length } = password;
  if (length >= PASSWORD_MIN && length <= PASSWORD_MAX) return [];
  return [{ path, message: `must have ${PASSWORD_MIN} to ${PASSWORD_MAX} characters` }];
}

/** Empty: none. */
export function emailErrors(email: string, path: string): FieldProblem[] {
  if (email === '' || (EMAIL.test(email) && !CONTROL.test(email))) return [];
  return [{ path, message: 'must be an e-mail address like ana@example.org' }];
}

export function displayNameErrors(name: string, path: string): FieldProblem[] {
  return lineErrors(name, path, 1, DISPLAY_NAME_MAX);
}

/** Whether the zone exists cannot be decided here: that depends on the machine's tz data. */
export function timeZoneErrors(zone: string, path: string): FieldProblem[] {
  return lineErrors(zone, path, 1, TIME_ZONE_MAX);
}

/** What a participant can say to an invitation. */
export function answerErrors(status: ParticipantStatus, path: string): FieldProblem[] {
  const { PARTICIPANT_STATUS_ACCEPTED, PARTICIPANT_STATUS_DECLINED, PARTICIPANT_STATUS_TENTATIVE } =
    ParticipantStatus;
  if (
    status === PARTICIPANT_STATUS_ACCEPTED ||
    status === PARTICIPANT_STATUS_DECLINED ||
    status === PARTICIPANT_STATUS_TENTATIVE
  )
    return [];
  return [{ path, message: 'must be accepted, declined or tentative' }];
}

export function groupKindErrors(kind: GroupKind, path: string): FieldProblem[] {
  if (kind === GroupKind.GROUP_KIND_HIERARCHICAL || kind === GroupKind.GROUP_KIND_NON_HIERARCHICAL) return [];
  return [{ path, message: 'must be hierarchical or non_hierarchical' }];
}

export function groupNameErrors(name: string, path: string): FieldProblem[] {
  return lineErrors(name, path, 1, GROUP_NAME_MAX);
}

export function groupDescriptionErrors(description: string, path: string): FieldProblem[] {
  return textErrors(description, path, GROUP_DESCRIPTION_MAX);
}

/** Every field. @param prefix of the paths, with its dot; empty: none. */
export function appointmentErrors(fields: AppointmentFields, prefix: string): FieldProblem[] {
  return appointmentFieldErrors(fields, ALL_FIELDS, prefix);
}

const ALL_FIELDS: readonly AppointmentField[] = [
  AppointmentField.APPOINTMENT_FIELD_TITLE,
  AppointmentField.APPOINTMENT_FIELD_DESCRIPTION,
  AppointmentField.APPOINTMENT_FIELD_LOCATION,
  AppointmentField.APPOINTMENT_FIELD_TIME,
  AppointmentField.APPOINTMENT_FIELD_PRIVACY,
  AppointmentField.APPOINTMENT_FIELD_REMINDERS,
];

/** The fields that are listed in `which`; the others do not count. */
export function appointmentFieldErrors(
  fields: AppointmentFields,
  which: readonly AppointmentField[],
  prefix: string,
): FieldProblem[] {
  return which.flatMap((field) => {
    switch (field) {
      case AppointmentField.APPOINTMENT_FIELD_TITLE:
        return lineErrors(fields.title, `${prefix}title`, 1, TITLE_MAX);
      case AppointmentField.APPOINTMENT_FIELD_DESCRIPTION:
        return textErrors(fields.description, `${prefix}description`, DESCRIPTION_MAX);
      case AppointmentField.APPOINTMENT_FIELD_LOCATION:
        return lineErrors(fields.location, `${prefix}location`, 0, LOCATION_MAX);
      case AppointmentField.APPOINTMENT_FIELD_TIME:
        return timeErrors(fields, prefix);
      case AppointmentField.APPOINTMENT_FIELD_PRIVACY:
        return privacyErrors(fields.privacy, `${prefix}privacy`);
      case AppointmentField.APPOINTMENT_FIELD_REMINDERS:
        return reminderErrors(fields.reminderMinutes, `${prefix}reminderMinutes`);
      case AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS:
        return [];
      default:
        return [
          { path: `${prefix}changed`, message: `names a field (${field}) that this version cannot change` },
        ];
    }
  });
}

function timeErrors(fields: AppointmentFields, prefix: string): FieldProblem[] {
  const { startMs, endMs } = fields;
  const problems = [
    ...instantErrors(startMs, `${prefix}start`),
    ...instantErrors(endMs, `${prefix}end`),
    ...timeZoneErrors(fields.timeZone, `${prefix}timeZone`),
    ...lineErrors(fields.icalUid, `${prefix}icalUid`, 0, ICAL_UID_MAX),
    ...textErrors(fields.icalExtra, `${prefix}icalExtra`, ICAL_EXTRA_MAX),
  ];
  if (problems.length > 0) return problems;
  if (endMs <= startMs) return [{ path: `${prefix}end`, message: 'must be after start' }];
  if (endMs - startMs > SPAN_MS_MAX)
    return [{ path: `${prefix}end`, message: 'must be at most 366 days after start' }];
  return occurrenceErrors(fields, prefix);
}

function instantErrors(instantMs: number, path: string): FieldProblem[] {
  if (Number.isSafeInteger(instantMs) && instantMs >= INSTANT_MIN_MS && instantMs < INSTANT_MAX_MS) return [];
  return [{ path, message: 'must lie in the years 1970 to 9999' }];
}

function privacyErrors(privacy: Privacy, path: string): FieldProblem[] {
  if (privacy === Privacy.PRIVACY_FULL || privacy === Privacy.PRIVACY_FREEBUSY) return [];
  return [{ path, message: 'must be full or freebusy' }];
}

function reminderErrors(minutes: readonly number[], path: string): FieldProblem[] {
  const right = minutes.every(
    (each) => Number.isSafeInteger(each) && each >= 0 && each <= REMINDER_MINUTES_MAX,
  );
  if (!right || minutes.length > REMINDERS_MAX)
    return [
      {
        path,
        message: `must be at most ${REMINDERS_MAX} numbers of minutes from 0 to ${REMINDER_MINUTES_MAX}`,
      },
    ];
  if (new Set(minutes).size < minutes.length) return [{ path, message: 'must name no number twice' }];
  return [];
}

function lineErrors(text: string, path: string, min: number, max: number): FieldProblem[] {
  if (text.length > max || (min > 0 && BLANK_ONLY.test(text)))
    return [
      {
        path,
        message: min > 0 ? `must have ${min} to ${max} characters` : `must have at most ${max} characters`,
      },
    ];
  if (CONTROL.test(text)) return [{ path, message: 'must be one line without control characters' }];
  return unicodeErrors(text, path);
}

function textErrors(text: string, path: string, max: number): FieldProblem[] {
  if (text.length > max) return [{ path, message: `must have at most ${max} characters` }];
  if (CONTROL_EXCEPT_BREAKS.test(text))
    return [{ path, message: 'must have no control characters except line breaks' }];
  return unicodeErrors(text, path);
}

/** Half of a surrogate pair cannot be stored as UTF-8 and would come back as something else. */
function unicodeErrors(text: string, path: string): FieldProblem[] {
  return LONE_SURROGATE.test(text) ? [{ path, message: 'must be valid Unicode' }] : [];
}
