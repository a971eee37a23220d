// Gaps of the bus are healed from the outbox: on the classic bus, with one subscription for everything.
import { outboxGapCases } from "./lib/outbox_gap_cases.mjs";

outboxGapCases({ kind: "redis", subscription: "all" });
