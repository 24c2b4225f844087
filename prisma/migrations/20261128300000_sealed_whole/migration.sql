-- What the triggers keep up, as constraints as well: an event is sealed whole or not at all, from position 1 on, with a
-- hash that is one. NOT VALID: they hold for whatever is written from now on. What was forged before is named by verifying
-- the chain; it must not keep the product from starting.
ALTER TABLE "audit_events"
  ADD CONSTRAINT "audit_events_sealed_whole"
    CHECK (("hash" IS NULL) = ("position" IS NULL) AND ("hash" IS NULL) = ("previous_hash" IS NULL)) NOT VALID,
  ADD CONSTRAINT "audit_events_position" CHECK ("position" >= 1) NOT VALID,
  ADD CONSTRAINT "audit_events_hash" CHECK ("hash" ~ '^[0-9a-f]{64}$' AND "previous_hash" ~ '^[0-9a-f]{64}$') NOT VALID;
