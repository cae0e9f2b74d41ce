// One field: its label, and below it what is wrong with it, which a screen reader says together with the field.
import { cloneElement, type ReactElement, type ReactNode } from 'react';

interface Labelled {
  readonly id?: string;
  readonly 'aria-invalid'?: boolean | undefined;
  readonly 'aria-describedby'?: string | undefined;
}

export interface FormFieldProps {
  readonly id: string;
  readonly label: string;
  readonly problem?: string | undefined;
  readonly isWide?: boolean;
  /** What there is to say below it. */
  readonly hint?: ReactNode;
  readonly children: ReactElement<Labelled>;
}

export function FormField({ id, label, problem, isWide = false, hint, children }: FormFieldProps) {
  const problemId = `${id}-problem`;
  const isWrong = problem !== undefined;
  return (
    <div className={isWide ? 'field wide' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {cloneElement(children, {
        id,
        'aria-invalid': isWrong || undefined,
        'aria-describedby': isWrong ? problemId : undefined,
      })}
      {isWrong && (
        <span id={problemId} className="problem">
          {problem}
        </span>
      )}
      {hint}
    </div>
  );
}
