// Gaps of the bus are healed from the outbox: on sharded channels.
import { outboxGapCases } from "./lib/outbox_gap_cases.mjs";

outboxGapCases({ kind: "redis-sharded" });
