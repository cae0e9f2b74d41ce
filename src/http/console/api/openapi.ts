// Made from the OpenAPI document by `npm run console:types`: do not edit.
export interface paths {
    "/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The delivery log of all webhooks, newest first
         * @description With `bodies=true` each has what was sent and what was answered, and a page has 20 at most.
         */
        get: operations["listAllDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One delivery of the log: what was sent, what was answered, and what was sent again of it */
        get: operations["getDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery of the log again, once
         * @description The same body to the webhook's present URL, by the code that sends deliveries; the receiver sees the header `rowhook-delivery: resend`. It has a row of its own in the log, is never repeated by itself, and changes no counter. The webhook must be active.
         */
        post: operations["resendDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happens from now on, as server-sent events, until the token expires
         * @description The events `delivery` (as /v1/webhooks/{id}/deliveries has it; its id is its `at`), `webhook` (as /v1/webhooks/{id} has it, whenever it or its counters changed; of a deleted one `{"id", "isDeleted": true}`), `gap` (`{"from", "to"}`: between these times there are more deliveries than were sent) and `end` (`{"reason", "detail"}`, the last one: slow, expired or stopping); for the operator also `status` (leader, standbys, slot, lag and rates).
         */
        get: operations["listenToEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/losses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was never delivered, and why, newest first */
        get: operations["listLosses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many webhooks are in which health, and what was lost within the hour */
        get: operations["getOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whose token this is, and which release answers */
        get: operations["getSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything that must hold, as `rowhook status --json` prints it */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tables that webhooks may watch */
        get: operations["listTables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tables/{name}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How often a table changed in the last hour: what a webhook of it would have been told of
         * @description Each operation as a webhook of the company sees it: a row that moves to another company is a delete for one and an insert for the other. Without `company` the rows of all, as a webhook for all companies sees them. By the time of the commit; kept in memory. A company's token is told of the operations that a webhook of its own asks for, active or paused; of the others it gets null, whoever else watches the table.
         */
        get: operations["getTableActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tables/{name}/checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What watching a table needs and costs, as `rowhook inspect` says it, beside who owns it */
        get: operations["inspectTable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/vitals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lag, rates and the slot, now and over the last hour, of the process that answers */
        get: operations["getVitals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhooks with their counters, in the order of their ids, or the ones first that need attention */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Create a webhook
         * @description It gets the changes that are committed after this answer. At least one of onInsert … onTruncate is true.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One webhook with its counters */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /** Delete a webhook; what is queued for it is dropped, and stands among the losses */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change a webhook; what is not named stays
         * @description `active: false` pauses it: what is committed meanwhile is counted as missed, and never sent.
         */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook's delivery log, newest first */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a stretch of a webhook's log again, or what a loss names, a page at a time
         * @description The same body to the webhook's present URL, by the code that sends deliveries; the receiver sees the header `rowhook-delivery: resend`. It has a row of its own in the log, is never repeated by itself, and changes no counter. The webhook must be active. Oldest first, of a record one after the other; what was sent again already and arrived, or may have, is left out, unless delivered is among the outcomes. A page takes 25 seconds at most: the next one goes on where it ended. Nothing more is sent once the caller goes away. For a loss, the record as it is now is sent where the log does not have the body. A dry run answers with the cursor with which what it counted is sent, and nothing that failed since.
         */
        post: operations["resendMany"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send one POST to a webhook now, by the code that sends deliveries
         * @description The receiver sees the header `rowhook-delivery: test`. The row is one that was sent not long ago, one of the table, or one made of its columns. A test is counted nowhere. Whether it is active does not matter.
         */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The same for one that is not saved yet
         * @description The receiver sees the header `rowhook-delivery: test`. The row is one that was sent not long ago, one of the table, or one made of its columns. A test is counted nowhere.
         */
        post: operations["testUnsavedWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What became of a record's recent changes, for each webhook of its table */
        get: operations["why"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Problem: {
            detail: string;
            errors?: {
                at: string;
                problem: string;
            }[];
            /** @description What mends it, by rowhook's own command; for the operator */
            remedy?: string;
            status: number;
            title: string;
            type: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listAllDeliveries: {
        parameters: {
            query?: {
                /** @description Those that ended before this moment */
                before?: string;
                bodies?: "true" | "false";
                /** @description Only this company's */
                company?: string;
                /** @description nextCursor of the page before */
                cursor?: string;
                /** @description The record's key; of several columns: (a,b) */
                key?: string;
                limit?: number;
                /** @description delivered, rejected, failed, interrupted, dropped: one or more, separated by commas */
                outcome?: string;
                /** @description From this moment on, such as 2026-01-31T10:00:00Z */
                since?: string;
                table?: string;
                webhook?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @description Its first 4 KiB, likewise; null: none, or not kept */
                            answer?: string | null;
                            /** @description When the attempt ended, in UTC, to the microsecond; of what was sent again, when it began */
                            at: string;
                            attempt: number;
                            /** @description What was sent, where it was asked for; null: not kept */
                            body?: string | null;
                            bodyBytes: number | null;
                            changeId: string;
                            class: string | null;
                            companyId: string | null;
                            connectMs: number | null;
                            detail: string | null;
                            dnsMs: number | null;
                            firstByteMs: number | null;
                            /** @description Of this row of the log */
                            id: string;
                            key: string | null;
                            oldKey: string | null;
                            /** @description delivered, rejected, failed, interrupted or dropped */
                            outcome: string;
                            /** @description The id of what somebody had sent again with this; null: a delivery */
                            resendOf: string | null;
                            status: number | null;
                            table: string;
                            tlsMs: number | null;
                            totalMs: number | null;
                            type: string | null;
                            webhookId: string;
                        }[];
                        /** @description For the next page; null: this is the last */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The delivery's id, as lists of deliveries have it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Its first 4 KiB; null: none, not kept, or of a target that is not public */
                        answer: string | null;
                        /** @description When the attempt ended, in UTC, to the microsecond; of what was sent again, when it began */
                        at: string;
                        attempt: number;
                        /** @description Exactly what was sent, or was to be */
                        body: string | null;
                        /** @description Why the log has no body; null: it has */
                        bodyAbsence: string | null;
                        bodyBytes: number | null;
                        changeId: string;
                        class: string | null;
                        companyId: string | null;
                        connectMs: number | null;
                        detail: string | null;
                        dnsMs: number | null;
                        firstByteMs: number | null;
                        /** @description Of this row of the log */
                        id: string;
                        key: string | null;
                        oldKey: string | null;
                        /** @description Of the same change to the same webhook, newest first: what it repeats, and what repeats it */
                        others: {
                            /** @description Its first 4 KiB, likewise; null: none, or not kept */
                            answer?: string | null;
                            /** @description When the attempt ended, in UTC, to the microsecond; of what was sent again, when it began */
                            at: string;
                            attempt: number;
                            /** @description What was sent, where it was asked for; null: not kept */
                            body?: string | null;
                            bodyBytes: number | null;
                            changeId: string;
                            class: string | null;
                            companyId: string | null;
                            connectMs: number | null;
                            detail: string | null;
                            dnsMs: number | null;
                            firstByteMs: number | null;
                            /** @description Of this row of the log */
                            id: string;
                            key: string | null;
                            oldKey: string | null;
                            /** @description delivered, rejected, failed, interrupted or dropped */
                            outcome: string;
                            /** @description The id of what somebody had sent again with this; null: a delivery */
                            resendOf: string | null;
                            status: number | null;
                            table: string;
                            tlsMs: number | null;
                            totalMs: number | null;
                            type: string | null;
                            webhookId: string;
                        }[];
                        /** @description delivered, rejected, failed, interrupted or dropped */
                        outcome: string;
                        /** @description The id of what somebody had sent again with this; null: a delivery */
                        resendOf: string | null;
                        status: number | null;
                        table: string;
                        tlsMs: number | null;
                        totalMs: number | null;
                        type: string | null;
                        webhookId: string;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resendDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The delivery's id, as lists of deliveries have it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description What came of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changeId: string;
                        /** @description What was sent again */
                        deliveryId: string;
                        /** @description The resend's own row in the log; null: nothing was sent */
                        id: string | null;
                        isDelivered: boolean;
                        /** @description Nothing was sent because another resend, asked for at the same time, had it: no failure */
                        isSentElsewhere: boolean;
                        key: string | null;
                        /** @description delivered 200, rejected 503 …, timeout …; null: nothing was sent */
                        outcome: string | null;
                        /** @description Why nothing was sent; null: it was */
                        refusal: string | null;
                        status: number | null;
                        totalMs: number | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listenToEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the last event that arrived: deliveries of the last 24 hours after it come first. */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream that stays open */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLosses: {
        parameters: {
            query?: {
                /** @description Only this company's */
                company?: string;
                /** @description nextCursor of the page before */
                cursor?: string;
                /** @description Only this row of the ledger */
                id?: number;
                limit?: number;
                /** @description timeout, interrupted, deleted, … */
                reason?: string;
                /** @description From this moment on, such as 2026-01-31T10:00:00Z */
                since?: string;
                table?: string;
                webhook?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** Format: date-time */
                            at: string;
                            companyId: string | null;
                            /** @description null: unknown, a gap in the log */
                            count: number | null;
                            detail: string | null;
                            fromPosition: string | null;
                            id: number;
                            reason: string;
                            table: string | null;
                            toPosition: string | null;
                            webhookId: string | null;
                        }[];
                        /** @description For the next page; null: this is the last */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOverview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Of those that the token sees */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Of the last hour; count null: unknown, a gap in the log */
                        losses: {
                            count: number | null;
                            reason: string;
                        }[];
                        webhooks: {
                            count: number;
                            health: string;
                        }[];
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The token opens this */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        companyId: string | null;
                        /** @description It was started to be tried, with a sample application */
                        isDemo: boolean;
                        /** @enum {string} */
                        kind: "operator" | "company";
                        version: string;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Also when a check fails: `ok` says so */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /**
                         * Format: date-time
                         * @description When it was looked at: those who ask at the same time share an answer
                         */
                        at: string;
                        checks: {
                            check: string;
                            detail: string;
                            /** @enum {string} */
                            group: "server" | "slot" | "tables" | "deliveries";
                            /** @description What mends it */
                            remedy: string | null;
                            /** @enum {string} */
                            status: "ok" | "warn" | "fail";
                        }[];
                        /** @description null: nobody leads */
                        leader: {
                            host: string | null;
                            pid: number | null;
                            since: string | null;
                            term: number | null;
                        } | null;
                        ok: boolean;
                        standbys: {
                            clientAddress: string | null;
                            /** @description Its pid and host */
                            process: string;
                        }[];
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTables: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            companyColumn?: string | null;
                            enabled: boolean;
                            label: string | null;
                            /** @description Whether the delivery log keeps what was sent */
                            logsBodies?: boolean;
                            module: string | null;
                            /** @description What webhooks and payloads call it */
                            name: string;
                            /** @description With its schema; this and what follows is the operator's */
                            relation?: string;
                            replicaIdentity?: string;
                        }[];
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTableActivity: {
        parameters: {
            query?: {
                /** @description Of this company's rows; a company's token stands for its own */
                company?: string;
            };
            header?: never;
            path: {
                /** @description By the name it was enabled under */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As far as it is known */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description null: not known, for no webhook of the table asks for what tells it; for a company's token also where none of its own does */
                        deletes: {
                            count: number;
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                        /** @description null: not known, for no webhook of the table asks for what tells it; for a company's token also where none of its own does */
                        inserts: {
                            count: number;
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                        /** @description False: this process is a standby, and knows none of it */
                        isLeading: boolean;
                        /** @description How far what is read, and counted, is behind what is committed; null: nothing was read yet */
                        lagMs: number | null;
                        /** @description null: not known, for no webhook of the table asks for what tells it; for a company's token also where none of its own does */
                        truncates: {
                            count: number;
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                        /** @description null: not known, for no webhook of the table asks for what tells it; for a company's token also where none of its own does */
                        updates: {
                            count: number;
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    inspectTable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description By the name it was enabled under */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A row per check */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            check: string;
                            detail: string;
                            /** @description A statement that mends it */
                            remedy: string | null;
                            /** @enum {string} */
                            status: "ok" | "warn" | "fail";
                        }[];
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVitals: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Kept in memory: a restart begins anew */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        backlogBytes: number;
                        backlogDeliveries: number;
                        inFlight: number;
                        /** @description False: this process is a standby, and knows nothing of lag and rates */
                        isLeading: boolean;
                        lagMs: number | null;
                        openBreakers: number;
                        /** @description Of the last hour, one for each ten seconds, oldest first */
                        samples: {
                            /** Format: date-time */
                            at: string;
                            changesPerSecond: number;
                            deliveredPerSecond: number;
                            failedPerSecond: number;
                            lagMs: number | null;
                        }[];
                        /** @description null: it is not there, or Postgres did not answer in time */
                        slot: {
                            active: boolean;
                            lagBytes: number | null;
                            retainedBytes: number | null;
                            safeWalBytes: number | null;
                            walStatus: string | null;
                        } | null;
                        slowEndpoints: number;
                        waiting: number;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                activity?: "true" | "false";
                /** @description Only this company's */
                company?: string;
                /** @description nextCursor of the page before */
                cursor?: string;
                /** @description Only these; may be given several times */
                health?: ("failing" | "breaker open" | "table disabled" | "catching up" | "recovered" | "paused" | "ok" | "idle") | ("failing" | "breaker open" | "table disabled" | "catching up" | "recovered" | "paused" | "ok" | "idle")[];
                limit?: number;
                order?: "id" | "attention";
                /** @description In name, id, company, table and host */
                search?: string;
                table?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            active: boolean;
                            /** @description What came of its deliveries in each of the last sixty minutes, oldest first, as the process that leads has counted them; null: this one does not lead, or the list was not asked with `activity=true` */
                            activity: {
                                failingSince: string | null;
                                /** @description Since the last that was delivered */
                                failuresInRow: number;
                                lastFailureMs: number | null;
                                lastHour: {
                                    delivered: number[];
                                    failed: number[];
                                };
                                /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                                since: string | null;
                            } | null;
                            allCompanies: boolean;
                            backlogCount: number;
                            backlogSince: string | null;
                            /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                            breaker: ("off" | "wait" | "drop") | null;
                            breakerProbeAt: string | null;
                            breakerSince: string | null;
                            /** @description Deliveries begun: successCount + errorCount once it is idle */
                            claimedCount: number;
                            companyId: string | null;
                            /** @description POSTs that may be out at a time; null: 32 */
                            concurrency: number | null;
                            /** Format: date-time */
                            createdAt: string;
                            errorCount: number;
                            /** @description failing, breaker open, table disabled, catching up, paused, recovered, ok, idle */
                            health: string;
                            id: string;
                            lastError: string | null;
                            lastErrorAt: string | null;
                            lastSuccessAt: string | null;
                            /** @description Committed while it was paused: never sent */
                            missedCount: number;
                            name: string;
                            onDelete: boolean;
                            onInsert: boolean;
                            /** @description The whole table was emptied; the payload has no row */
                            onTruncate: boolean;
                            onUpdate: boolean;
                            pauseReason: string | null;
                            successCount: number;
                            table: string;
                            /** Format: date-time */
                            updatedAt: string;
                            url: string;
                            /** @description Grows with every change; the ETag */
                            version: number;
                        }[];
                        /** @description For the next page; null: this is the last */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    active?: boolean;
                    /** @description The rows of all; for the operator's token only */
                    allCompanies?: boolean;
                    /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                    breaker?: ("off" | "wait" | "drop") | null;
                    /** @description Whose rows it gets; a company's token stands for its own */
                    companyId?: string | null;
                    /** @description POSTs that may be out at a time; null: 32 */
                    concurrency?: number | null;
                    /** @description Made up where it is left out */
                    id?: string;
                    name: string;
                    onDelete?: boolean;
                    onInsert?: boolean;
                    /** @description The whole table was emptied; the payload has no row */
                    onTruncate?: boolean;
                    onUpdate?: boolean;
                    /** @description Why it is paused, for people; empties when it is active again */
                    pauseReason?: string | null;
                    /** @description The name under which the table is enabled */
                    table: string;
                    /** @description http or https, no user:password */
                    url: string;
                };
            };
        };
        responses: {
            /** @description It is stored */
            201: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    /** @description Its path */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        active: boolean;
                        /** @description What came of its deliveries in each of the last sixty minutes, oldest first, as the process that leads has counted them; null: this one does not lead, or the list was not asked with `activity=true` */
                        activity: {
                            failingSince: string | null;
                            /** @description Since the last that was delivered */
                            failuresInRow: number;
                            lastFailureMs: number | null;
                            lastHour: {
                                delivered: number[];
                                failed: number[];
                            };
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                        allCompanies: boolean;
                        backlogCount: number;
                        backlogSince: string | null;
                        /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                        breaker: ("off" | "wait" | "drop") | null;
                        breakerProbeAt: string | null;
                        breakerSince: string | null;
                        /** @description Deliveries begun: successCount + errorCount once it is idle */
                        claimedCount: number;
                        companyId: string | null;
                        /** @description POSTs that may be out at a time; null: 32 */
                        concurrency: number | null;
                        /** Format: date-time */
                        createdAt: string;
                        errorCount: number;
                        /** @description failing, breaker open, table disabled, catching up, paused, recovered, ok, idle */
                        health: string;
                        id: string;
                        lastError: string | null;
                        lastErrorAt: string | null;
                        lastSuccessAt: string | null;
                        /** @description Committed while it was paused: never sent */
                        missedCount: number;
                        name: string;
                        onDelete: boolean;
                        onInsert: boolean;
                        /** @description The whole table was emptied; the payload has no row */
                        onTruncate: boolean;
                        onUpdate: boolean;
                        pauseReason: string | null;
                        successCount: number;
                        table: string;
                        /** Format: date-time */
                        updatedAt: string;
                        url: string;
                        /** @description Grows with every change; the ETag */
                        version: number;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        active: boolean;
                        /** @description What came of its deliveries in each of the last sixty minutes, oldest first, as the process that leads has counted them; null: this one does not lead, or the list was not asked with `activity=true` */
                        activity: {
                            failingSince: string | null;
                            /** @description Since the last that was delivered */
                            failuresInRow: number;
                            lastFailureMs: number | null;
                            lastHour: {
                                delivered: number[];
                                failed: number[];
                            };
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                        allCompanies: boolean;
                        backlogCount: number;
                        backlogSince: string | null;
                        /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                        breaker: ("off" | "wait" | "drop") | null;
                        breakerProbeAt: string | null;
                        breakerSince: string | null;
                        /** @description Deliveries begun: successCount + errorCount once it is idle */
                        claimedCount: number;
                        companyId: string | null;
                        /** @description POSTs that may be out at a time; null: 32 */
                        concurrency: number | null;
                        /** Format: date-time */
                        createdAt: string;
                        errorCount: number;
                        /** @description failing, breaker open, table disabled, catching up, paused, recovered, ok, idle */
                        health: string;
                        id: string;
                        lastError: string | null;
                        lastErrorAt: string | null;
                        lastSuccessAt: string | null;
                        /** @description Committed while it was paused: never sent */
                        missedCount: number;
                        name: string;
                        onDelete: boolean;
                        onInsert: boolean;
                        /** @description The whole table was emptied; the payload has no row */
                        onTruncate: boolean;
                        onUpdate: boolean;
                        pauseReason: string | null;
                        successCount: number;
                        table: string;
                        /** Format: date-time */
                        updatedAt: string;
                        url: string;
                        /** @description Grows with every change; the ETag */
                        version: number;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the version that is meant: any other answers 412. Without it whichever there is. */
                "If-Match"?: string;
            };
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the version that is meant: any other answers 412. Without it whichever there is. */
                "If-Match"?: string;
            };
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    active?: boolean;
                    /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                    breaker?: ("off" | "wait" | "drop") | null;
                    /** @description POSTs that may be out at a time; null: 32 */
                    concurrency?: number | null;
                    name?: string;
                    onDelete?: boolean;
                    onInsert?: boolean;
                    /** @description The whole table was emptied; the payload has no row */
                    onTruncate?: boolean;
                    onUpdate?: boolean;
                    /** @description Why it is paused, for people; empties when it is active again */
                    pauseReason?: string | null;
                    /** @description The name under which the table is enabled */
                    table?: string;
                    /** @description http or https, no user:password */
                    url?: string;
                };
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        active: boolean;
                        /** @description What came of its deliveries in each of the last sixty minutes, oldest first, as the process that leads has counted them; null: this one does not lead, or the list was not asked with `activity=true` */
                        activity: {
                            failingSince: string | null;
                            /** @description Since the last that was delivered */
                            failuresInRow: number;
                            lastFailureMs: number | null;
                            lastHour: {
                                delivered: number[];
                                failed: number[];
                            };
                            /** @description Since when it was counted, if that is less than an hour ago; null: the whole hour */
                            since: string | null;
                        } | null;
                        allCompanies: boolean;
                        backlogCount: number;
                        backlogSince: string | null;
                        /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                        breaker: ("off" | "wait" | "drop") | null;
                        breakerProbeAt: string | null;
                        breakerSince: string | null;
                        /** @description Deliveries begun: successCount + errorCount once it is idle */
                        claimedCount: number;
                        companyId: string | null;
                        /** @description POSTs that may be out at a time; null: 32 */
                        concurrency: number | null;
                        /** Format: date-time */
                        createdAt: string;
                        errorCount: number;
                        /** @description failing, breaker open, table disabled, catching up, paused, recovered, ok, idle */
                        health: string;
                        id: string;
                        lastError: string | null;
                        lastErrorAt: string | null;
                        lastSuccessAt: string | null;
                        /** @description Committed while it was paused: never sent */
                        missedCount: number;
                        name: string;
                        onDelete: boolean;
                        onInsert: boolean;
                        /** @description The whole table was emptied; the payload has no row */
                        onTruncate: boolean;
                        onUpdate: boolean;
                        pauseReason: string | null;
                        successCount: number;
                        table: string;
                        /** Format: date-time */
                        updatedAt: string;
                        url: string;
                        /** @description Grows with every change; the ETag */
                        version: number;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before */
                cursor?: string;
                /** @description The record's key; of several columns: (a,b) */
                key?: string;
                limit?: number;
                /** @description delivered, rejected, failed, interrupted, dropped: one or more, separated by commas */
                outcome?: string;
                /** @description From this moment on, such as 2026-01-31T10:00:00Z */
                since?: string;
            };
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @description Its first 4 KiB, likewise; null: none, or not kept */
                            answer?: string | null;
                            /** @description When the attempt ended, in UTC, to the microsecond; of what was sent again, when it began */
                            at: string;
                            attempt: number;
                            /** @description What was sent, where it was asked for; null: not kept */
                            body?: string | null;
                            bodyBytes: number | null;
                            changeId: string;
                            class: string | null;
                            companyId: string | null;
                            connectMs: number | null;
                            detail: string | null;
                            dnsMs: number | null;
                            firstByteMs: number | null;
                            /** @description Of this row of the log */
                            id: string;
                            key: string | null;
                            oldKey: string | null;
                            /** @description delivered, rejected, failed, interrupted or dropped */
                            outcome: string;
                            /** @description The id of what somebody had sent again with this; null: a delivery */
                            resendOf: string | null;
                            status: number | null;
                            table: string;
                            tlsMs: number | null;
                            totalMs: number | null;
                            type: string | null;
                            webhookId: string;
                        }[];
                        /** @description For the next page; null: this is the last */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resendMany: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Only count them, and send nothing */
                    dryRun?: boolean;
                    /** @description Instead of all of these: what this loss names */
                    loss?: number;
                    /** @description Left out: all but delivered */
                    outcomes?: ("delivered" | "rejected" | "failed" | "interrupted" | "dropped")[];
                    /** @description timeout, refused, interrupted, breaker_open, … */
                    reason?: string;
                    /**
                     * Format: date-time
                     * @description Those that ended from this moment on
                     */
                    since?: string;
                    /**
                     * Format: date-time
                     * @description And before this one; left out: until now
                     */
                    until?: string;
                };
            };
        };
        responses: {
            /** @description What came of each of the page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Of a dry run: how many would be sent again */
                        count: number | null;
                        /** @description Oldest first */
                        data: {
                            changeId: string;
                            /** @description What was sent again */
                            deliveryId: string;
                            /** @description The resend's own row in the log; null: nothing was sent */
                            id: string | null;
                            isDelivered: boolean;
                            /** @description Nothing was sent because another resend, asked for at the same time, had it: no failure */
                            isSentElsewhere: boolean;
                            key: string | null;
                            /** @description delivered 200, rejected 503 …, timeout …; null: nothing was sent */
                            outcome: string | null;
                            /** @description Why nothing was sent; null: it was */
                            refusal: string | null;
                            status: number | null;
                            totalMs: number | null;
                        }[];
                        /** @description For the next page, of a dry run for the first; null: this is the last, or there is none */
                        nextCursor: string | null;
                        /** @description Of a dry run: of how many of them the log has no body */
                        withoutBody: number | null;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description What came of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Its first 4 KiB; null: none, or of a target that is not public */
                        answer: string | null;
                        connectMs: number | null;
                        dnsMs: number | null;
                        firstByteMs: number | null;
                        isDelivered: boolean;
                        /** @description delivered 200, rejected 503 …, timeout … */
                        outcome: string;
                        /**
                         * @description Where the row comes from; columns: made up
                         * @enum {string}
                         */
                        sample: "delivery log" | "table" | "columns";
                        sentBody: string;
                        status: number | null;
                        tlsMs: number | null;
                        totalMs: number;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testUnsavedWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    active?: boolean;
                    /** @description The rows of all; for the operator's token only */
                    allCompanies?: boolean;
                    /** @description After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says */
                    breaker?: ("off" | "wait" | "drop") | null;
                    /** @description Whose rows it gets; a company's token stands for its own */
                    companyId?: string | null;
                    /** @description POSTs that may be out at a time; null: 32 */
                    concurrency?: number | null;
                    /** @description Made up where it is left out */
                    id?: string;
                    name: string;
                    onDelete?: boolean;
                    onInsert?: boolean;
                    /** @description The whole table was emptied; the payload has no row */
                    onTruncate?: boolean;
                    onUpdate?: boolean;
                    /** @description Why it is paused, for people; empties when it is active again */
                    pauseReason?: string | null;
                    /** @description The name under which the table is enabled */
                    table: string;
                    /** @description http or https, no user:password */
                    url: string;
                };
            };
        };
        responses: {
            /** @description What came of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Its first 4 KiB; null: none, or of a target that is not public */
                        answer: string | null;
                        connectMs: number | null;
                        dnsMs: number | null;
                        firstByteMs: number | null;
                        isDelivered: boolean;
                        /** @description delivered 200, rejected 503 …, timeout … */
                        outcome: string;
                        /**
                         * @description Where the row comes from; columns: made up
                         * @enum {string}
                         */
                        sample: "delivery log" | "table" | "columns";
                        sentBody: string;
                        status: number | null;
                        tlsMs: number | null;
                        totalMs: number;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    why: {
        parameters: {
            query: {
                /** @description The record's key; of several columns: (a,b) */
                key: string;
                /** @description By the name it was enabled under */
                table: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        changes: {
                            at: string;
                            changeId: string;
                            decisions: {
                                companyId: string | null;
                                /** @description Somebody had it sent again */
                                isResend: boolean;
                                reason: string;
                                sentence: string;
                                webhookId: string;
                                /** @description null: it is deleted, or watches another table now */
                                webhookName: string | null;
                            }[];
                            /** @description Further webhooks of the table that got nothing of it */
                            omitted: number;
                            type: string | null;
                        }[];
                        key: string;
                        /** @description What holds for all of it, and how far back the log goes */
                        notes: string[];
                        table: string;
                    };
                };
            };
            /** @description Refused, or failed: what is wrong, and how to mend it */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
