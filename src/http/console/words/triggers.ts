// Which operations a webhook is told of, in words.

/** `insert, update`. */
export function triggersOf(webhook: {
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
  readonly onTruncate: boolean;
}): string {
  const chosen = [
    webhook.onInsert && 'insert',
    webhook.onUpdate && 'update',
    webhook.onDelete && 'delete',
    webhook.onTruncate && 'truncate',
  ];
  return chosen.filter((each) => each !== false).join(', ');
}
