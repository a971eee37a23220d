// Gaps of the bus are healed from the outbox: on the classic bus.
import { outboxGapCases } from "./lib/outbox_gap_cases.mjs";

outboxGapCases({ kind: "redis" });
