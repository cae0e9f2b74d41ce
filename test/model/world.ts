// A schedule that is played: the application writes, the log flows, statements are done and answered or not, endpoints behave as they like, processes
// and Postgres die. At its end everything answers, and whatever the model holds has to be accounted for.
import type { TermOptions } from '../../src/term.ts';
import type { TermLimits } from '../../src/term-limits.ts';
import { Application, type Write } from './application.ts';
import type { Clock } from './clock.ts';
import { Database, Violation } from './database.ts';
import { Endpoints } from './endpoints.ts';
import { LogStream } from './log-stream.ts';
import { Service } from './service.ts';
import { Wire } from './wire.ts';

export const actions = [
  'write',
  'flow',
  'keepalive',
  'confirm',
  'answer',
  'answer all',
  'turn endpoint',
  'execute',
  'cut',
  'connect',
  'end',
  'pass',
  'disconnect',
  'reconnect',
  'kill',
  'start',
  'stop',
  'crash postgres',
  'checkpoint',
] as const;

export interface Step {
  readonly do: (typeof actions)[number];
  readonly n: number;
  readonly writes?: readonly Write[];
}

export interface Scenario {
  readonly hooks: readonly Write[];
  readonly limits: TermLimits;
  readonly caps: TermOptions['caps'];
  readonly breaker: TermOptions['breaker'];
  readonly steps: readonly Step[];
}

const passesMs = [1, 20, 120, 300, 600, 1_200, 2_500, 11_000];
const restMs = 300;
const maxRounds = 250;

export class World {
  readonly application: Application;
  readonly database: Database;
  readonly endpoints: Endpoints;
  readonly wire = new Wire();
  readonly #clock: Clock;
  readonly #scenario: Scenario;
  #services: Service[] = [];
  #error: Error | null = null;
  /** A process that stopped in peace leaves nothing to interrupt. */
  #wasStopped = false;

  constructor(scenario: Scenario, clock: Clock) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.application = new Application(scenario.hooks);
    this.database = new Database(this.application, () => clock.nowMs);
    this.endpoints = new Endpoints({ clock, application: this.application, database: this.database });
  }

  async play(): Promise<void> {
    this.#start();
    for (const step of this.#scenario.steps) {
      await this.#take(step);
      await this.#settle();
    }
    await this.#comeToRest();
  }

  /** Holds the slot. */
  get #leader(): Service | undefined {
    return this.#services.find(({ stream }) => stream !== null);
  }

  async #take(step: Step): Promise<void> {
    const { n } = step;
    const { wire, endpoints, database, application } = this;
    const statement = wire.statements[n % Math.max(1, wire.statements.length)];
    const post = endpoints.posts[n % Math.max(1, endpoints.posts.length)];
    switch (step.do) {
      case 'write':
        application.transaction(step.writes ?? [], this.#clock.wallMs);
        break;
      case 'flow':
        this.#flow(1 + (n % 10));
        break;
      case 'keepalive':
        this.#keepalive();
        break;
      case 'confirm':
        this.#confirm();
        break;
      case 'answer':
        if (statement !== undefined) wire.answer(statement);
        break;
      case 'answer all':
        for (const each of wire.statements) wire.answer(each);
        break;
      case 'execute':
        if (statement !== undefined) wire.execute(statement);
        break;
      case 'cut':
        if (statement !== undefined) wire.cut(statement);
        break;
      case 'turn endpoint':
        // All of them, or one.
        for (const uid of application.hooks.keys())
          if (n % 3 > 0 || BigInt(n % 5) === uid) endpoints.turn(uid);
        break;
      case 'connect':
        if (post !== undefined) endpoints.write(post);
        break;
      case 'end':
        if (post !== undefined) endpoints.finish(post, n >> 4);
        break;
      case 'pass':
        await this.#clock.pass(passesMs[n % passesMs.length] ?? 0);
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'reconnect':
        this.#reconnect();
        break;
      case 'kill':
        this.#kill(this.#services[n % Math.max(1, this.#services.length)]);
        break;
      case 'start':
        this.#start();
        break;
      case 'stop':
        this.#stop();
        break;
      case 'crash postgres':
        this.#crashPostgres();
        break;
      case 'checkpoint':
        database.slot.saved = database.slot.confirmed;
        break;
    }
  }

  #flow(count: number): void {
    const leader = this.#leader;
    for (let i = 0; i < count && leader?.isFlowing === true; i++) {
      const message = leader.stream?.message();
      if (message === undefined) return;
      leader.term.reader.receive(message);
    }
  }

  #keepalive(): void {
    const leader = this.#leader;
    const { stream = null } = leader ?? {};
    if (stream !== null) leader?.term.reader.receiveKeepalive(stream.keepalive());
  }

  #confirm(): void {
    const { slot } = this.database;
    const lsn = this.#leader?.term.floor.confirmable ?? 0n;
    if (lsn <= slot.confirmed) return;
    if (lsn > this.application.endLsn) throw new Violation('more is confirmed than there is');
    this.database.requireSettled(`confirming ${lsn}`, ({ commitLsn }) => commitLsn < lsn);
    this.database.requireConfiguration(`confirming ${lsn}`, lsn - 1n);
    slot.confirmed = lsn;
  }

  #disconnect(): void {
    const leader = this.#leader;
    if (leader?.isReconnecting === false) leader.disconnected();
  }

  #reconnect(): void {
    if (this.#leader !== undefined) return;
    const last = this.#services.at(-1);
    if (last === undefined || last.isFenced || last.isStopping || last.term.no < this.database.term) return;
    void last.reconnected(this.#newStream());
  }

  #newStream(): LogStream {
    return new LogStream(this.application, this.database.slot.confirmed);
  }

  /** Another process gets the slot: whoever had it may go on for a while. */
  #start(): void {
    const leader = this.#leader;
    if (leader?.isReconnecting === true || leader?.isStopping === true) return;
    leader?.disconnected();
    const { limits, caps, breaker } = this.#scenario;
    const service = new Service(
      {
        clock: this.#clock,
        database: this.database,
        wire: this.wire,
        limits,
        caps,
        breaker,
        post: (from, request) => this.endpoints.post(from, from.term.no, request),
        onFailure: (error) => {
          this.#error ??= error instanceof Error ? error : new Error(String(error));
        },
      },
      this.#newStream(),
    );
    if (this.#wasStopped && service.interruptedBefore > 0) {
      throw new Violation('something was interrupted by a process that stopped in peace');
    }
    this.#wasStopped = false;
    this.#services.push(service);
  }

  #stop(): void {
    const leader = this.#leader;
    if (leader === undefined || leader.isReconnecting || leader.isStopping) return;
    void leader.stop();
  }

  #kill(service: Service | undefined): void {
    if (service === undefined) return;
    this.#services = this.#services.filter((each) => each !== service);
    // A statement may be done after whoever sent it is gone.
    for (const [i, statement] of this.wire.statements.entries()) {
      if (statement.from === service && i % 2 === 0) this.wire.execute(statement);
    }
    this.wire.forget(service);
    this.endpoints.forget(service);
  }

  #crashPostgres(): void {
    for (const statement of this.wire.statements) this.wire.cut(statement);
    this.database.slot.confirmed = this.database.slot.saved;
    for (const service of this.#services) if (!service.isReconnecting) service.disconnected();
  }

  async #settle(): Promise<void> {
    await this.#clock.settle();
    for (const service of this.#services) {
      if (!service.isOver) continue;
      if (!service.isFenced && service.stream !== null) {
        this.#confirm();
        this.#wasStopped = true;
      }
      this.#kill(service);
    }
    if (this.#error !== null) throw this.#error;
  }

  async #comeToRest(): Promise<void> {
    const { application, endpoints, wire } = this;
    // Only those: whoever changes a webhook closes its breaker, and that has to happen by itself.
    const hooks = [...application.hooks.values()].flatMap(({ isActive }, n) =>
      isActive ? [] : [{ do: 'resume hook' as const, n }],
    );
    application.transaction(hooks, this.#clock.wallMs);
    endpoints.mend();
    for (let quiet = 0, round = 0; quiet < 8; round++) {
      if (round > maxRounds) throw new Violation(`it does not come to rest: ${this.#unrest()}`);
      if (this.#leader === undefined) this.#reconnect();
      if (this.#leader === undefined) this.#start();
      if (round === 10) for (const each of this.#services.slice(0, -1)) this.#kill(each);
      this.#flow(20);
      for (const statement of wire.statements) wire.answer(statement);
      await this.#settle();
      for (const post of endpoints.posts) endpoints.finish(post, 0);
      await this.#settle();
      this.#confirm();
      await this.#clock.pass(restMs);
      await this.#settle();
      quiet = this.#unrest() === '' ? quiet + 1 : 0;
    }
    this.#account();
  }

  #unrest(): string {
    const { wire, endpoints, database, application } = this;
    const leader = this.#leader;
    const reasons = [
      ...wire.statements.map(({ what }) => what),
      ...(endpoints.posts.length > 0 ? ['POSTs are out'] : []),
      ...(leader?.stream?.isAtEnd === true ? [] : ['the log is not read']),
      ...(database.slot.confirmed === application.endLsn ? [] : ['not everything is confirmed']),
      ...(database.backlog.size === 0 ? [] : [`${[...database.backlog.keys()].join(', ')} in the backlog`]),
      ...(database.journal.size === 0 ? [] : ['the journal is not empty']),
    ];
    return reasons.join('; ');
  }

  #account(): void {
    const { application, database } = this;
    const { caps, breaker } = this.#scenario;
    const expected = new Map<bigint, { claimed: number; missed: number }>();
    for (const { key, uid, isToSend } of application.pairs.values()) {
      const entry = database.written.get(key);
      if (entry === undefined) throw new Violation(`${key} is lost without a word`);
      if (entry.note === 'deleted' && !application.deletedHooks.has(uid)) {
        throw new Violation(`${key} was dropped as deleted, and its webhook is there`);
      }
      if (entry.note?.startsWith('backlog_') === true && caps.maxCount > 1_000) {
        throw new Violation(`${key} was dropped without need`);
      }
      if (entry.note === 'breaker_open' && (application.breakers.get(uid) ?? breaker.mode) !== 'drop') {
        throw new Violation(`${key} was dropped for a breaker, and its webhook did not choose that`);
      }
      const counts = expected.get(uid) ?? { claimed: 0, missed: 0 };
      if (isToSend) counts.claimed += 1;
      else counts.missed += 1;
      expected.set(uid, counts);
    }
    for (const [uid, counts] of expected) this.#accountFor(uid, counts);
    for (const [uid, { backlogCount }] of database.counters) {
      if (backlogCount !== 0)
        throw new Violation(`webhook ${uid} seems to have ${backlogCount} in the backlog`);
    }
  }

  #accountFor(uid: bigint, expected: { readonly claimed: number; readonly missed: number }): void {
    const { database, endpoints } = this;
    const counter = database.counters.get(uid) ?? { claimed: 0, success: 0, error: 0, missed: 0 };
    const { claimed, success, error, missed } = counter;
    const begun = [...endpoints.begun.values()].filter(({ pair }) => pair.uid === uid);
    const accepted = begun.filter(({ isAccepted }) => isAccepted).length;
    const interrupted = database.lossesOf(uid, 'interrupted');
    const answered = error - database.lossesOf(uid);
    const wrong =
      claimed !== expected.claimed ||
      missed !== expected.missed ||
      claimed !== success + error ||
      success > accepted ||
      accepted - success > interrupted ||
      answered < 0 ||
      answered > begun.length - accepted;
    if (!wrong) return;
    const seen = {
      ...counter,
      ...expected,
      accepted,
      interrupted,
      sent: begun.length,
      inLedger: database.lossesOf(uid),
    };
    throw new Violation(
      `the counters of webhook ${uid} are wrong: ${JSON.stringify({ counter, expected, seen })}`,
    );
  }
}
