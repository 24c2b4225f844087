/**
 * The numbers of the locks that all processes share (`pg_advisory_xact_lock`), in one place, because two that are the same
 * make things wait for each other that have nothing to do with each other, or be left undone. They end with their transaction.
 */
export const LOCK = {
  sealAudit: 5_137_001,
  lookAhead: 5_137_002,
  queueNotices: 5_137_003,
  exportAuditHead: 5_137_004,
  orderHoldAfterRestore: 5_137_005,
  lineUp: 5_137_006,
} as const;
