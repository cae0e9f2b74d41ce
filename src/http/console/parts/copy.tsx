// A text that is shown as it is, with a button that copies it. On plain HTTP and in some frames a browser has no clipboard for pages: then the
// selection is copied, and where even that is refused the text is there to be copied by hand.
import { useEffect, useRef, useState } from 'react';

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [said, setSaid] = useState<'copied' | 'by hand' | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (said !== 'copied') return undefined;
    const timer = setTimeout(() => setSaid(null), 2_000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = (): void => {
    writeToClipboard(text).then(
      () => setSaid('copied'),
      () => setSaid(button.current !== null && copyBySelection(text, button.current) ? 'copied' : 'by hand'),
    );
  };
  return (
    <>
      <button ref={button} type="button" className="small" onClick={copy}>
        <span aria-live="polite">{said === 'copied' ? 'Copied' : label}</span>
      </button>
      {said === 'by hand' && <ByHand text={text} />}
    </>
  );
}

function ByHand({ text }: { readonly text: string }) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.select(), []);
  return (
    <label className="by-hand">
      <span role="status">The browser does not let this page copy: copy the selected text yourself.</span>
      <textarea ref={area} rows={3} readOnly value={text} />
    </label>
  );
}

// Undefined, and not merely refusing, on plain HTTP.
async function writeToClipboard(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}

/** Beside the button, since what is outside of an open dialog cannot be selected. False: the browser refused. */
function copyBySelection(text: string, button: HTMLElement): boolean {
  const area = document.createElement('textarea');
  area.className = 'copied';
  area.value = text;
  // An area of text makes every line end the same.
  area.addEventListener('copy', (event) => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
  });
  button.after(area);
  area.select();
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- The only way there is where the clipboard is not.
    return document.execCommand('copy');
  } finally {
    area.remove();
    button.focus();
  }
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
