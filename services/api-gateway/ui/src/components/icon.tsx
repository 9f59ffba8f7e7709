const PATHS = {
  plus: 'M12 5v14M5 12h14',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  close: 'M6 6l12 12M18 6L6 18',
  bell: 'M6 17h12l-1.4-2.2V10a4.6 4.6 0 0 0-9.2 0v4.8zM10 20h4',
  down: 'M6 9.5l6 6 6-6',
  search: 'M10.5 17.5a7 7 0 1 0 0-14 7 7 0 0 0 0 14M15.6 15.6L21 21',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  upload: 'M12 16V5M7 9l5-5 5 5M4 20h16',
  check: 'M5 12.5l4.5 4.5L19 7',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.5V12l3.2 2',
  edit: 'M4 20l1-4.4L16.2 4.4l3.4 3.4L8.4 19zM13.8 6.8l3.4 3.4',
  question:
    'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.6 9.7a2.5 2.5 0 1 1 3.6 2.2c-.9.5-1.2 1-1.2 1.9M12 16.8v.1',
  mail: 'M3.5 6h17v12.5h-17zM4 6.8l8 6.4 8-6.4',
  people:
    'M9 11.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6M3 19.5c0-3.4 2.6-5.4 6-5.4s6 2 6 5.4M15.6 5.2a3.3 3.3 0 0 1 0 6M17.6 14.4c2.1.7 3.4 2.4 3.4 5.1',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  warning: 'M12 4L2.8 19.5h18.4zM12 10v4.5M12 17.2v.1',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.5M12 7.6v.1',
  pin: 'M12 21s6.5-5.6 6.5-11a6.5 6.5 0 0 0-13 0c0 5.4 6.5 11 6.5 11M12 12.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it means is said by the text or the label beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
