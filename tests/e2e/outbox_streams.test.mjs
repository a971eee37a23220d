// The outbox with bus.kind redis-streams. CHAT_GATEWAY_OUTBOX_ROWS as for outbox.test.mjs.
import { outboxCases } from "./lib/outbox_cases.mjs";

outboxCases({ kind: "redis-streams", recovers: true, rows: Number(process.env.CHAT_GATEWAY_OUTBOX_ROWS ?? 2000) });
