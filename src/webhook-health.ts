// What rowhook.webhook_health says of a webhook, the ones that need attention first.
export const needsAttentionFirst = [
  'failing',
  'breaker open',
  'table disabled',
  'catching up',
  'recovered',
  'paused',
  'ok',
  'idle',
] as const;
