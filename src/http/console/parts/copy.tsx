// A text that is shown as it is, with a button that copies it.
import { useEffect, useState } from 'react';

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return undefined;
    const timer = setTimeout(() => setSaid(null), 2_000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('The browser does not let this page copy: select the text'),
    );
  };
  return (
    <button type="button" className="small" onClick={copy}>
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

export function Code({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <div className="code">
      <pre tabIndex={0} role="region" aria-label={name}>
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  );
}
