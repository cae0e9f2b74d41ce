// The parts of one term, put together: from the message to the counters, for the time that this process is the one that
// claims. Only wiring: what a part does stands in its own file.
import { attemptFields, reportAttempt, type AttemptReport } from './delivery/attempt-report.ts';
import { Counters } from './counters.ts';
import type { Books } from './books.ts';
import type { DeliveryLog, LoggedDelivery } from './delivery-log.ts';
import type { BacklogRange } from './database/backlog.ts';
import { now } from './database/journal.ts';
import { isClaim, type JournalEntry } from './database/journal-body.ts';
import type { Takeover } from './database/takeover.ts';
import type { Testimony } from './database/witness.ts';
import { Backlog, type StoredBefore } from './delivery/backlog.ts';
import type { BacklogCaps, BacklogDropReason, DroppedDelivery } from './delivery/backlog-window.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import { Breakers, type BreakerEvent } from './delivery/breaker.ts';
import { Claimer, type Sent } from './delivery/claimer.ts';
import type { Delivery, DeliveryWebhook } from './delivery/delivery.ts';
import { Gate } from './delivery/gate.ts';
import { MovedRows } from './delivery/moved-rows.ts';
import { Lanes } from './delivery/lanes.ts';
import { describeDrop, describeOutcome, type Outcome } from './delivery/outcome.ts';
import type { Poster } from './delivery/post.ts';
import { failpoint } from './failpoint.ts';
import { Folding } from './folding.ts';
import { GateWatch } from './delivery/gate-watch.ts';
import type { Logger } from './logger.ts';
import { buildTruncatePayload } from './payload/payload.ts';
import { filledRows } from './payload/too-large.ts';
import { Pipeline } from './pipeline.ts';
import { changeId, isAtOrBelow, type FloorPosition, type Position } from './position.ts';
import { measuredPayload, type PreparedRelations } from './prepared-relations.ts';
import type { Relations } from './relations.ts';
import { Floor, type UnsettledChange, type UnsettledTransaction } from './replication/floor.ts';
import type { BeginMessage, RelationMessage } from './replication/pgoutput.ts';
import { Reader, type ConfigurationMessage } from './replication/reader.ts';
import { TableActivities, type ReadTable } from './table-activity.ts';
import type { Telemetry, TermGauges } from './telemetry.ts';
import { SettledBefore } from './database/settled-before.ts';
import { defaultLimits, type TermLimits } from './term-limits.ts';
import { configurationChanges, isConfigurationRelation } from './webhooks/configuration-message.ts';
import { match, matchTruncate } from './webhooks/match.ts';
import { isWanted, operations, Registry, type Route } from './webhooks/registry.ts';
import type { ConfigurationChange } from './webhooks/webhook.ts';

export interface TermOptions {
  readonly takeover: Takeover;
  /** Where it begins: the stored floor, or what the slot has confirmed. */
  readonly floor: FloorPosition;
  /** As of this floor. */
  readonly configuration: readonly ConfigurationChange[];
  /** What is in the backlog, and which of it lies above the floor. */
  readonly stored: readonly StoredBefore[];
  readonly storedAboveFloor: readonly Pick<JournalEntry, 'uid' | 'position'>[];
  readonly caps: BacklogCaps;
  readonly breaker: BreakerSettings;
  readonly books: Books;
  readonly relations: Relations;
  readonly poster: Pick<Poster, 'post'>;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Null or absent: nothing is logged. */
  readonly deliveryLog?: Pick<DeliveryLog, 'attempted' | 'keepsDelivered'> | null;
  /** How far the server's clock is ahead of ours. */
  readonly clockOffsetMs: number;
  /** Smaller ones are reached by smaller tests. */
  readonly limits?: TermLimits;
  setFlowing(isFlowing: boolean): void;
  /** Null: nobody listens. */
  readonly onAttempt: ((report: AttemptReport) => void) | null;
  /** Fenced, or a bug: the term has to end. */
  onFailure(error: unknown): void;
}

const timeoutMs = 10_000;

export class Term {
  /** Counts the processes that have claimed here, one after the other. */
  readonly no: number;
  readonly floor: Floor;
  readonly reader: Reader;
  readonly #options: TermOptions;
  readonly #limits: TermLimits;
  readonly #registry = new Registry();
  readonly #counters: Counters;
  readonly #gate: Gate;
  readonly #breakers: Breakers;
  readonly #lanes: Lanes;
  readonly #backlog: Backlog;
  readonly #pipeline: Pipeline;
  readonly #claimer: Claimer;
  readonly #folding: Folding;
  readonly #watch: GateWatch;
  readonly #tables = new TableActivities(Date.now());
  readonly #routes = new WeakMap<RelationMessage, { generation: number; route: Route | undefined }>();
  /** Of what was read last. Nothing was: the newest rows may be any time ahead of where it begins. */
  readonly #toldOfDrop = new Map<bigint, number>();
  #lagMs = Infinity;

  constructor(options: TermOptions) {
    const { takeover, books, relations, onFailure } = options;
    const { state, term } = takeover;
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.no = term;
    this.floor = new Floor(options.floor);
    this.#counters = new Counters();
    this.#gate = new Gate({
      onOpen: (uid) => {
        this.#opened(uid);
      },
      onChanged: (uid) => {
        this.#breakers.forget(uid);
        this.#opened(uid);
      },
      onGone: (uid) => {
        this.#breakers.forget(uid);
        this.#backlog.gone(uid);
        this.#toldOfDrop.delete(uid);
        this.#makeRoom();
      },
    });
    this.#breakers = this.#buildBreakers();
    this.#lanes = new Lanes(
      this.#limits.lanes,
      (uid) => this.#mayBeOut(uid),
      (uid) => !this.#breakers.isDoubtful(uid),
      (uid) => this.#gate.origin(uid),
    );
    this.#backlog = this.#buildBacklog();
    this.#watch = this.#buildWatch();
    this.#claimer = this.#buildClaimer();
    this.#folding = new Folding({
      counters: this.#counters,
      floor: this.floor,
      foldedSeq: state.foldedSeq,
      backlogSizes: () => this.#backlog.takeSizes(),
      breakers: () => this.#breakers.takeChanges(),
      fold: async (input) => {
        await books.fold(input);
        if (input.counters.some(({ success, error }) => success + error > 0)) failpoint('folded');
      },
      onFailure,
    });
    this.#pipeline = this.#buildPipeline(relations.relations);
    this.reader = this.#buildReader(relations);
    for (const { seq, entries } of takeover.settled) this.#folding.appended(seq, entries);
    this.#registry.apply(options.configuration);
    for (const webhook of this.#registry.webhooks) this.#gate.learn(webhook, null);
    this.#tables.reads(this.#readTables());
  }

  start(): void {
    this.#options.telemetry.leads(this.no, { tables: this.#tables, gauges: this.#gauges });
    this.#folding.start();
    this.#watch.start();
    this.#backlog.start();
    this.#breakers.start();
    this.reader.release('start');
  }

  /** Throws FencedError when another process has taken over. */
  async checkTerm(): Promise<void> {
    await this.#options.books.checkTerm();
  }

  /** Reads and claims nothing more; resolves when all that was claimed has its outcome. */
  async stop(): Promise<void> {
    this.#options.telemetry.leadsNoMore(this.no);
    this.reader.hold('stop');
    const stopped = Promise.all([this.#claimer.stop(), this.#backlog.stop()]);
    this.#watch.stop();
    this.#breakers.stop();
    await stopped;
  }

  /** Another process has taken over: what is under way still ends, and is counted by nobody here. */
  async abandon(): Promise<void> {
    this.#folding.abandon();
    await this.stop();
  }

  /** As `abandon`, when another server answers: what this process knows for certain, once nothing is under way any more. */
  async testify(): Promise<Testimony> {
    await this.abandon();
    return this.#options.books.testify(this.#counters.take());
  }

  /** Writes the counters for the last time. */
  async lastFold(): Promise<void> {
    await this.#folding.stop();
  }

  readonly #gauges = (): TermGauges => ({
    term: this.no,
    lagMs: this.#readingLagMs,
    inFlight: this.#lanes.inFlight,
    waiting: this.#lanes.waiting,
    openBreakers: this.#breakers.open,
    slowEndpoints: this.#lanes.slow,
    ...this.#backlog.stored,
  });

  #buildReader({ relations, types }: Relations): Reader {
    const { telemetry } = this.#options;
    return new Reader({
      floor: this.floor,
      start: this.#options.floor,
      isConfiguration: isConfigurationRelation,
      isWanted: (relation, operation) => {
        const route = this.#route(relation);
        return route !== undefined && isWanted(route, operation);
      },
      prepare: (relation, xid) => relations.prepare(relation, xid),
      prepareRow: (relation, row, when) => relations.prepareRow(relation, row, when),
      onType: ({ oid, schema, name }) => {
        types.catalog.learnName(oid, schema, name);
      },
      onBegin: ({ commitTimeMs }) => {
        this.#lagMs = this.#sinceCommitMs(commitTimeMs);
        this.#tables.begins(commitTimeMs - this.#options.clockOffsetMs);
      },
      onRead: () => {
        telemetry.changesRead += 1;
      },
      onChange: (change) => {
        if (this.#pipeline.take(change)) telemetry.changesMatched += 1;
      },
      onTruncate: (truncate) => {
        this.#pipeline.truncate(truncate);
      },
      onConfiguration: (messages, transaction, begin) => {
        this.#configurationChanged(messages, transaction, begin);
      },
      setFlowing: (isFlowing) => {
        this.#options.setFlowing(isFlowing);
      },
      onFailure: (error) => {
        this.#options.onFailure(error);
      },
    });
  }

  #buildPipeline(relations: PreparedRelations): Pipeline {
    const { takeover, storedAboveFloor, telemetry } = this.#options;
    const { epochs } = takeover;
    const settled = new SettledBefore([...takeover.settled, { entries: storedAboveFloor }]);
    const moved = new MovedRows();
    return new Pipeline({
      floor: this.floor,
      counters: this.#counters,
      epochOf: (commitLsn) => epochs.of(commitLsn),
      mayHaveBeenSent: ({ epoch }) => epochs.mayHaveBeenSent(epoch),
      route: (relation) => this.#route(relation),
      prepared: (relation) => relations.get(relation),
      match,
      onMatched: (table, operation, decision) => {
        this.#tables.changed(table, operation, decision);
      },
      matchTruncate,
      onTruncated: (table) => {
        this.#tables.truncated(table);
      },
      filledRows,
      holdMoved: ({ isOfPartition, relation, ...change }, keys) =>
        isOfPartition ? moved.keys({ ...change, relationOid: relation.oid }, keys) : keys,
      truncatePayload: (table) => measuredPayload(buildTruncatePayload(table)),
      isSettled: (uid, position) => settled.take(uid, position),
      isGone: (uid) => this.#gate.isGone(uid),
      isBroken: (uid) => this.#breakers.drops(uid),
      admit: (delivery) => {
        this.#backlog.admit(delivery);
        failpoint('received');
        if (this.#isFull) this.reader.hold('lanes');
        this.#claimer.wake();
      },
      note: (note) => {
        this.#claimer.note(note);
        if (this.#isFull) this.reader.hold('lanes');
      },
      onDropped: (dropped, outcome) => {
        telemetry.finished(outcome);
        telemetry.activity.finished(dropped.webhook, outcome, null, Date.now());
        this.#backlog.dropped(dropped);
        this.#log(dropped, outcome, null);
      },
      onTooLarge: ({ webhook, position, table }, type, outcome) => {
        const { logger } = this.#options;
        const change = changeId(position);
        const fields = {
          webhook: webhook.id,
          changeId: change,
          type,
          table,
          outcome: describeOutcome(outcome),
        };
        logger.warn(fields, 'delivery.dropped');
      },
      now: () => performance.now(),
    });
  }

  #buildClaimer(): Claimer {
    const { books, poster, telemetry, onFailure } = this.#options;
    return new Claimer({
      lanes: this.#lanes,
      gate: this.#gate,
      timeoutMs,
      append: async (entries, stored) => {
        const beganAtMs = performance.now();
        const appended = await books.append(entries, stored);
        telemetry.claimSeconds.add((performance.now() - beganAtMs) / 1000);
        telemetry.claimSizes.add(entries.length);
        return appended;
      },
      checkTerm: () => books.checkTerm(),
      now,
      post: (request) => poster.post(request),
      freshGate: async () => {
        await this.#watch.fresh();
      },
      onAppended: ({ seq }, entries) => {
        this.#folding.appended(seq, entries, entries.filter(isClaim).length);
        this.#makeRoom();
      },
      onClaimed: (delivery) => {
        telemetry.readToClaimSeconds.add((performance.now() - delivery.readAtMs) / 1000);
        this.#counters.claimed(delivery.webhook.uid);
        this.#backlog.claimed(delivery);
      },
      settle: (change) => {
        this.floor.settle(change);
      },
      onFinished: (delivery, outcome, sent) => {
        this.#folding.answered(sent.seq);
        this.#finished(delivery, outcome, sent);
      },
      onFailure,
    });
  }

  #buildBreakers(): Breakers {
    const { breaker: settings, logger } = this.#options;
    const fieldsOf = ({ uid, mode, openMs }: BreakerEvent): object => {
      return { webhook: this.#registry.webhook(uid)?.id, mode, openMs: Math.round(openMs) };
    };
    return new Breakers({
      settings,
      modeOf: (uid) => this.#gate.newest(uid)?.sending.breaker ?? null,
      onOpened: (event) => {
        const { uid, mode, failures, lastError } = event;
        logger.warn({ ...fieldsOf(event), failures, outcome: lastError }, 'breaker.opened');
        if (mode === 'drop') this.#backlog.broken(uid);
      },
      onProbe: (uid) => {
        this.#opened(uid);
      },
      onClosed: (event) => {
        logger.info(fieldsOf(event), 'breaker.closed');
        this.#opened(event.uid);
      },
      now: () => performance.now(),
    });
  }

  #mayBeOut(uid: bigint): number {
    const newest = this.#gate.newest(uid);
    if (newest?.isActive !== true) return 0;
    return this.#breakers.mayBeOut(uid) ?? newest.sending.concurrency ?? this.#limits.concurrency;
  }

  #opened(uid: bigint): void {
    this.#lanes.wake(uid);
    this.#backlog.opened(uid);
    this.#claimer.wake();
  }

  #buildBacklog(): Backlog {
    const { books, caps, stored, takeover, onFailure } = this.#options;
    const limits = this.#limits;
    const parts = {
      lanes: this.#lanes,
      backlogLimits: limits.backlog,
      windowLimits: limits.window,
      caps,
      isOpen: (uid: bigint) => this.#mayBeOut(uid) > 0,
      isBroken: (uid: bigint) => this.#breakers.dropsStored(uid),
      isRead: ({ commitLsn, index }: Position) => isAtOrBelow(commitLsn, index, this.reader.readUpTo),
      store: async (deliveries: readonly Delivery[]) => {
        await books.store(deliveries);
        failpoint('stored');
      },
      read: async (range: BacklogRange & { readonly maxBytes: number }) => {
        const rows = await books.readBacklog(range);
        return rows.map(({ ageMs, ...row }) => ({ ...row, readAtMs: performance.now() - ageMs }));
      },
      readKeys: (range: BacklogRange) => books.readBacklogKeys(range),
      drop: (delivery: DroppedDelivery, reason: BacklogDropReason) => {
        this.#pipeline.drop(delivery, reason);
        this.#tellOfDrop(delivery, reason);
      },
      mayHaveBeenSent: ({ epoch }: Position) => takeover.epochs.mayHaveBeenSent(epoch),
      hasRoomForDrops: () => this.#claimer.waitingNotes < limits.maxNotes,
      settle: (change: UnsettledChange) => {
        this.floor.settle(change);
      },
      hasOthers: (webhooks: readonly DeliveryWebhook[]) => this.#gate.hasOthers(webhooks),
      onAdmitted: () => {
        this.#watch.measure();
        this.#claimer.wake();
      },
      onRoom: () => {
        this.#claimer.wake();
        this.#makeRoom();
      },
      onFailure,
      now: () => performance.now(),
    };
    return new Backlog(parts, stored);
  }

  #buildWatch(): GateWatch {
    const { books, logger } = this.#options;
    return new GateWatch({
      waiting: () => this.#lanes.waiting,
      waitingUids: () => this.#lanes.oldest().map(({ webhook }) => webhook.uid),
      oldestReadAtMs: () => this.#lanes.oldestReadAtMs,
      isReaderHeld: () => this.reader.isHeld,
      lagMs: () => this.#readingLagMs,
      poll: (uids) => books.pollWebhooks(uids),
      learn: (poll) => {
        this.#gate.learnFromPoll(poll);
      },
      onTrouble: (error) => {
        logger.warn({ err: error }, 'could not look at the newest rows of the webhooks');
      },
      now: () => performance.now(),
    });
  }

  // A long transaction falls behind while it is read.
  get #readingLagMs(): number {
    const { transaction } = this.reader;
    return transaction === null ? this.#lagMs : this.#sinceCommitMs(transaction.commitTimeMs);
  }

  #sinceCommitMs(commitTimeMs: number): number {
    return Date.now() + this.#options.clockOffsetMs - commitTimeMs;
  }

  // Once a minute for each webhook: there may be thousands.
  #tellOfDrop({ webhook: { uid, id } }: DroppedDelivery, reason: BacklogDropReason): void {
    const nowMs = performance.now();
    if (nowMs - (this.#toldOfDrop.get(uid) ?? -Infinity) < 60_000) return;
    this.#toldOfDrop.set(uid, nowMs);
    this.#options.logger.warn({ webhook: id, outcome: describeDrop(reason) }, 'backlog.dropping');
  }

  // Asked for every row of every published table, wanted or not.
  #route(relation: RelationMessage): Route | undefined {
    const { generation } = this.#registry;
    const known = this.#routes.get(relation);
    if (known?.generation === generation) return known.route;
    const route = this.#registry.route(relation.schema, relation.name);
    this.#routes.set(relation, { generation, route });
    return route;
  }

  #readTables(): ReadTable[] {
    return [...this.#registry.routes()].map((route) => ({
      name: route.table.name,
      operations: operations.filter((operation) => isWanted(route, operation)),
    }));
  }

  #configurationChanged(
    messages: readonly ConfigurationMessage[],
    transaction: UnsettledTransaction,
    { commitLsn, xid }: BeginMessage,
  ): void {
    const changes = configurationChanges(messages);
    this.#registry.apply(changes);
    this.#tables.reads(this.#readTables());
    const epoch = this.#options.takeover.epochs.of(commitLsn);
    const versions = changes.map((change) => ({ ...change, epoch, commitLsn }));
    this.#folding.configurationChanged(versions, transaction);
    for (const { kind, key, row } of changes) {
      if (kind !== 'webhook') continue;
      const webhook = row === null ? undefined : this.#registry.webhook(BigInt(key));
      if (webhook === undefined) {
        this.#gate.remove(BigInt(key));
        continue;
      }
      if (this.#gate.isGone(webhook.uid)) this.#watch.lookAgain();
      this.#gate.learn(webhook, xid);
    }
  }

  get #isFull(): boolean {
    const { maxNotes } = this.#limits;
    return this.#lanes.isFull || this.#backlog.isFull || this.#claimer.waitingNotes >= maxNotes;
  }

  #makeRoom(): void {
    if (!this.#isFull) this.reader.release('lanes');
  }

  #log(delivery: LoggedDelivery, outcome: Outcome, trace: Sent['trace']): void {
    const log = this.#options.deliveryLog ?? null;
    if (log === null || (outcome.kind === 'delivered' && !log.keepsDelivered)) return;
    log.attempted({ delivery, outcome, trace, keepsBody: this.#registry.logsBodies(delivery.table) });
  }

  #finished(delivery: Delivery, outcome: Outcome, { startedAt, trace }: Sent): void {
    const { logger, onAttempt, telemetry } = this.#options;
    telemetry.finished(outcome);
    telemetry.readToAnswerSeconds.add((performance.now() - delivery.readAtMs) / 1000);
    if (trace !== null) telemetry.postSeconds.add(trace.totalMs / 1000);
    const at = new Date();
    this.#counters.finished(delivery, outcome, at);
    telemetry.activity.finished(delivery.webhook, outcome, trace?.totalMs ?? null, at.getTime());
    this.#log(delivery, outcome, trace);
    this.#breakers.finished(delivery.webhook.uid, outcome, startedAt.monotonicMs);
    const level = outcome.kind === 'delivered' ? 'debug' : 'warn';
    const isLogged = logger.isLevelEnabled(level);
    if (!isLogged && onAttempt === null) return;
    const report = reportAttempt(delivery, outcome, now().monotonicMs - startedAt.monotonicMs);
    if (isLogged) logger[level](attemptFields(report), 'delivery.attempted');
    onAttempt?.(report);
  }
}
