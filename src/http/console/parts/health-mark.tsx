// How a webhook is, as a word with a colour: the word says it all, the colour only helps to find it.
const words: Readonly<Record<string, { readonly text: string; readonly tone: string }>> = {
  failing: { text: 'Failing', tone: 'bad' },
  'breaker open': { text: 'Breaker open', tone: 'bad' },
  'table disabled': { text: 'Table disabled', tone: 'bad' },
  'catching up': { text: 'Catching up', tone: 'warn' },
  recovered: { text: 'Active, has failed', tone: 'good' },
  paused: { text: 'Paused', tone: 'rest' },
  ok: { text: 'Active', tone: 'good' },
  idle: { text: 'Nothing sent yet', tone: 'rest' },
};

export function HealthMark({ health }: { readonly health: string }) {
  const { text, tone } = words[health] ?? { text: health, tone: 'rest' };
  return <span className={`mark ${tone}`}>{text}</span>;
}
