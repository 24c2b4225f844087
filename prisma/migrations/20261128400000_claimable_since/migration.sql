-- What fell due before this instant waits for a person: the database was restored, or nobody worked for hours.
ALTER TABLE "database_identity" ADD COLUMN "hold_due_before" TIMESTAMPTZ(3);

-- The timeline of this server, by its write-ahead log: pg_control_checkpoint() tells the old one until the first checkpoint
-- after a promotion. NULL for whoever may not ask. Raises on a standby, where nothing can be claimed anyway.
CREATE FUNCTION current_timeline() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  RETURN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer;
EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
  RETURN NULL;
END
$$;

CREATE FUNCTION current_system_identifier() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT system_identifier FROM pg_control_system())::text;
EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
  RETURN NULL;
END
$$;

-- Every claim and every write-ahead record asks this in its own statement, so that it is asked on the very connection that
-- is used. 'infinity': this is not the database that was noted, and nothing leaves until a worker has seen to it.
CREATE FUNCTION claimable_since() RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  known database_identity%ROWTYPE;
BEGIN
  SELECT * INTO known FROM database_identity WHERE id = 1;
  IF NOT FOUND THEN
    RETURN '-infinity';
  END IF;
  -- What could not be asked, then or now, is no difference.
  IF nullif(known.timeline, 0) <> current_timeline()
    OR nullif(known.system_identifier, '') <> current_system_identifier() THEN
    RETURN 'infinity';
  END IF;
  RETURN coalesce(known.hold_due_before, '-infinity');
END
$$;
