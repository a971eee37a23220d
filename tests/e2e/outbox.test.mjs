// An INSERT is a serverMessage: the outbox on the classic bus.
// CHAT_GATEWAY_OUTBOX_ROWS: how many rows the long test writes (default 4000; 50000 is the full size).
import { outboxCases } from "./lib/outbox_cases.mjs";

outboxCases({ kind: "redis", rows: Number(process.env.CHAT_GATEWAY_OUTBOX_ROWS ?? 4000) });
