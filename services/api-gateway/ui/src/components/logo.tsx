/** A calendar page held by three replicas. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="logo-page" x="3" y="5" width="26" height="24" rx="7" />
      <path className="logo-head" d="M3 12a7 7 0 0 1 7-7h12a7 7 0 0 1 7 7v1H3z" />
      <circle className="logo-dot" cx="10" cy="21" r="2.6" />
      <circle className="logo-dot" cx="16" cy="21" r="2.6" opacity=".75" />
      <circle className="logo-dot" cx="22" cy="21" r="2.6" opacity=".5" />
    </svg>
  );
}
