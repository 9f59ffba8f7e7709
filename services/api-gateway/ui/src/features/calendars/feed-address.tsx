import { useRef, useState } from 'react';
import { Field } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';

/** A new address, for the one time that it can be seen. */
export function FeedAddress({ url }: { url: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState('');
  const copy = async () => {
    if (field.current !== null && (await copyText(field.current))) setCopied(url);
  };
  return (
    <Field
      label="Secret address"
      hint="It is shown only now. Put it into your calendar app before you close this."
    >
      {(control) => (
        <div className="with-button">
          <input
            {...control}
            ref={field}
            readOnly
            value={url}
            onFocus={(event) => event.target.select()}
            data-testid="feed-address"
          />
          <button type="button" className="button" onClick={() => void copy()} data-testid="feed-copy">
            <Icon name={copied === url ? 'check' : 'copy'} />
            <span role="status">{copied === url ? 'Copied' : 'Copy'}</span>
          </button>
        </div>
      )}
    </Field>
  );
}

/** The clipboard's own interface exists only in secure contexts; a pod may well be opened as http://10.0.0.7:8080. */
async function copyText(field: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.select();
    return document.execCommand('copy');
  }
}
