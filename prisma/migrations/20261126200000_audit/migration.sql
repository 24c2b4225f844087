-- An approval keeps what was approved, so that whoever approves the next version sees what changed since.
ALTER TABLE "approvals" ADD COLUMN "content" JSONB;

-- The audit list: found by any word of an event, by person and by action, also among a million of them. In small letters,
-- because comparing without regard to case takes twice as long.
ALTER TABLE "audit_events" ADD COLUMN "search_text" TEXT
  GENERATED ALWAYS AS (lower("action" || ' ' || "entity" || ' ' || COALESCE("entity_id", '') || ' ' || "metadata"::text)) STORED;
DROP INDEX "audit_events_action_idx";
CREATE INDEX "audit_events_action_occurred_at_idx" ON "audit_events"("action", "occurred_at" DESC);
CREATE INDEX "audit_events_actor_id_occurred_at_idx" ON "audit_events"("actor_id", "occurred_at" DESC);

-- What waits to be sealed is asked for every few seconds: without this, by reading the whole table.
CREATE INDEX "audit_events_unsealed" ON "audit_events"("id") WHERE "hash" IS NULL;

-- The chain cannot fork, whoever seals: each sealed event follows the one at the position before it, and nothing is
-- appended ready sealed.
CREATE FUNCTION keep_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM sealed LEFT JOIN audit_events previous ON previous.position = sealed.position - 1
    WHERE sealed.position < 1 OR sealed.position IS NULL OR sealed.previous_hash IS NULL
       OR sealed.previous_hash IS DISTINCT FROM (CASE WHEN sealed.position = 1 THEN repeat('0', 64) ELSE previous.hash END)
  ) THEN
    RAISE EXCEPTION 'a sealed audit event has to follow the one before it';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "audit_events_chained" AFTER UPDATE ON "audit_events" REFERENCING NEW TABLE AS sealed FOR EACH STATEMENT EXECUTE FUNCTION keep_chain();

CREATE FUNCTION refuse_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit events are sealed after they were appended'; END $$;
CREATE TRIGGER "audit_events_not_sealed_yet" BEFORE INSERT ON "audit_events" FOR EACH ROW
  WHEN (NEW."position" IS NOT NULL OR NEW."previous_hash" IS NOT NULL OR NEW."hash" IS NOT NULL) EXECUTE FUNCTION refuse_sealed();
