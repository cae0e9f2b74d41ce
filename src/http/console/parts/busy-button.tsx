// A button that does nothing while what it asked for is under way. It is not disabled meanwhile, for a disabled one loses the focus.
import type { ButtonHTMLAttributes, MouseEvent } from 'react';

export interface BusyButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'type'> {
  /** Of a form it is the one that sends it. */
  readonly type?: 'button' | 'submit';
  readonly isBusy: boolean;
}

export function BusyButton({ type = 'button', isBusy, onClick, ...others }: BusyButtonProps) {
  const press = (event: MouseEvent<HTMLButtonElement>): void => {
    if (isBusy) event.preventDefault();
    else onClick?.(event);
  };
  return <button {...others} type={type} aria-disabled={isBusy || undefined} onClick={press} />;
}
