// What the pages ask for, how often, and what a change makes stale. Nothing is asked for while the page is hidden.
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { mayBeUnderWay } from '../words/failures.ts';
import { answerOf, api, ApiProblem } from './client.ts';
import { queryClient } from './query-client.ts';
import type { NewWebhook, ResendRange, WebhookChanges } from './types.ts';

const oftenMs = 3_000;
const seldomMs = 15_000;

export function useOverview() {
  return useQuery({
    queryKey: ['webhooks', 'overview'],
    queryFn: () => answerOf(api.GET('/v1/overview')),
    refetchInterval: oftenMs,
  });
}

export function useVitals(isWanted: boolean) {
  return useQuery({
    queryKey: ['vitals'],
    queryFn: () => answerOf(api.GET('/v1/vitals')),
    refetchInterval: oftenMs,
    enabled: isWanted,
  });
}

export function useStatus(isWanted: boolean) {
  return useQuery({
    queryKey: ['status'],
    queryFn: () => answerOf(api.GET('/v1/status')),
    refetchInterval: seldomMs,
    enabled: isWanted,
  });
}

export interface WebhookFilters {
  readonly limit: number;
  /** Of the page before. */
  readonly cursor?: string | undefined;
  readonly search?: string | undefined;
  readonly table?: string | undefined;
  readonly company?: string | undefined;
  readonly health?: readonly Health[] | undefined;
}

export type Health =
  'failing' | 'breaker open' | 'table disabled' | 'catching up' | 'recovered' | 'paused' | 'ok' | 'idle';

export function useWebhooks({ health, ...filters }: WebhookFilters) {
  return useQuery({
    queryKey: ['webhooks', 'list', filters, health],
    queryFn: () =>
      answerOf(
        api.GET('/v1/webhooks', {
          params: {
            query: {
              ...defined(filters),
              order: 'attention',
              activity: 'true',
              ...(health && { health: [...health] }),
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: oftenMs,
  });
}

export function useWebhook(id: string | null) {
  return useQuery({
    queryKey: ['webhooks', 'one', id],
    queryFn: () => webhookOf(id ?? ''),
    refetchInterval: oftenMs,
    enabled: id !== null,
  });
}

/** As it is when the form is opened: nothing older, and nothing newer while it is filled in. */
export function useWebhookToEdit(id: string | null) {
  return useQuery({
    queryKey: ['edited webhook', id],
    queryFn: () => webhookOf(id ?? ''),
    enabled: id !== null,
    staleTime: Infinity,
    gcTime: 0,
  });
}

/** Asks for it when told to, as after a change that was refused. */
export function useCurrentWebhook() {
  return useMutation({ mutationFn: webhookOf });
}

function webhookOf(id: string) {
  return answerOf(api.GET('/v1/webhooks/{id}', { params: { path: { id } } }));
}

export interface DeliveryFilters {
  readonly limit: number;
  readonly outcome?: Outcome | undefined;
  readonly key?: string | undefined;
  readonly since?: string | undefined;
}

export type Outcome = 'delivered' | 'rejected' | 'failed' | 'interrupted' | 'dropped';

export function useDeliveries(id: string, filters: DeliveryFilters) {
  return useQuery({
    queryKey: ['deliveries', 'list', id, filters],
    queryFn: () =>
      answerOf(
        api.GET('/v1/webhooks/{id}/deliveries', { params: { path: { id }, query: defined(filters) } }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: oftenMs,
  });
}

/** Nothing of it changes any more, unless it, or the same change, is being sent again. */
export function useDelivery(id: string) {
  return useQuery({
    queryKey: ['deliveries', 'one', id],
    queryFn: () => answerOf(api.GET('/v1/deliveries/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state: { data } }) => {
      const rows = data === undefined ? [] : [data, ...data.others];
      return rows.some((row) => mayBeUnderWay(row, new Date())) ? oftenMs : false;
    },
  });
}

export interface LossFilters {
  readonly id?: number | undefined;
  readonly webhook?: string | undefined;
  readonly table?: string | undefined;
  readonly reason?: string | undefined;
  readonly since?: string | undefined;
}

export function useLosses(filters: LossFilters & { readonly limit: number }) {
  return useQuery({
    queryKey: ['losses', filters],
    queryFn: () => answerOf(api.GET('/v1/losses', { params: { query: defined(filters) } })),
    placeholderData: keepPreviousData,
    refetchInterval: seldomMs,
  });
}

export function useTables() {
  return useQuery({
    queryKey: ['tables'],
    queryFn: async () => (await answerOf(api.GET('/v1/tables'))).data,
    staleTime: seldomMs,
  });
}

/** Of the operator's: `company` undefined: the rows of all. A company's token stands for its own. Table undefined: nothing is asked. */
export function useTableActivity({
  table,
  company,
}: {
  readonly table: string | undefined;
  readonly company: string | undefined;
}) {
  return useQuery({
    queryKey: ['tables', table, 'activity', company],
    queryFn: () =>
      answerOf(
        api.GET('/v1/tables/{name}/activity', {
          params: { path: { name: table ?? '' }, query: defined({ company }) },
        }),
      ),
    refetchInterval: oftenMs,
    enabled: table !== undefined,
  });
}

export function useTableChecks(name: string) {
  return useQuery({
    queryKey: ['tables', name],
    queryFn: async () =>
      (await answerOf(api.GET('/v1/tables/{name}/checks', { params: { path: { name } } }))).data,
  });
}

export function useWhy(record: { readonly table: string; readonly key: string }) {
  return useQuery({
    queryKey: ['why', record],
    queryFn: () => answerOf(api.GET('/v1/why', { params: { query: record } })),
    enabled: record.table !== '' && record.key !== '',
  });
}

/** `version`: only while it is still that one. */
interface Change {
  readonly id: string;
  readonly version: number;
  readonly changes: WebhookChanges;
}

const ifMatch = (version: number) => ({ 'If-Match': `"${version}"` });

export function useCreate() {
  return useMutation({
    mutationFn: (body: NewWebhook) => answerOf(api.POST('/v1/webhooks', { body })),
    onSuccess: staleWebhooks,
  });
}

export function useChange() {
  return useMutation({
    mutationFn: ({ id, version, changes }: Change) =>
      answerOf(
        api.PATCH('/v1/webhooks/{id}', {
          params: { path: { id }, header: ifMatch(version) },
          body: changes,
        }),
      ),
    onSettled: staleWebhooks,
  });
}

export function useDelete() {
  return useMutation({
    mutationFn: ({ id, version }: { readonly id: string; readonly version: number }) =>
      answerOf(api.DELETE('/v1/webhooks/{id}', { params: { path: { id }, header: ifMatch(version) } })),
    onSettled: staleWebhooks,
  });
}

export function useTest() {
  return useMutation({
    mutationFn: (webhook: { readonly id: string } | NewWebhook) =>
      'url' in webhook
        ? answerOf(api.POST('/v1/webhooks/test', { body: webhook }))
        : answerOf(api.POST('/v1/webhooks/{id}/test', { params: { path: { id: webhook.id } }, body: {} })),
  });
}

export function useResend() {
  return useMutation({
    mutationFn: (id: string) =>
      answerOf(api.POST('/v1/deliveries/{id}/resend', { params: { path: { id } }, body: {} })),
    onSettled: staleDeliveries,
  });
}

/** How many a resend would send; asked once, so that what is sent is what was said. Null: nothing that can be asked for. */
export function useResendCount(webhook: string, range: ResendRange | null) {
  return useQuery({
    queryKey: ['resends', webhook, range],
    queryFn: () =>
      answerOf(
        api.POST('/v1/webhooks/{id}/resend', {
          params: { path: { id: webhook } },
          body: { ...range, dryRun: true },
        }),
      ),
    enabled: range !== null,
    staleTime: Infinity,
    gcTime: 0,
  });
}

export async function staleDeliveries(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: ['deliveries'] });
}

async function staleWebhooks(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: ['webhooks'] });
}

/** Of a list that was answered: it does not end with its last row. */
export function hasMore(page: { readonly nextCursor: string | null } | undefined): boolean {
  return page !== undefined && page.nextCursor !== null;
}

/** It is gone, or another company's, or nothing can have such an id. */
export function isUnknown(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return error.status === 404 || error.fields.some(({ at }) => at === 'path.id' || at === 'query.id');
}

/** It has another version than the one that was meant. */
export function isChangedMeanwhile(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 412;
}

type Defined<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

// What is undefined would be sent as a word.
function defined<T extends object>(given: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<
    Defined<T>
  >;
}
