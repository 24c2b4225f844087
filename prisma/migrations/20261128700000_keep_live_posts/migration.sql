-- The link of what is published is as much a part of it as its id.
CREATE OR REPLACE FUNCTION keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'published' THEN
    IF TG_OP = 'DELETE' THEN
      RAISE EXCEPTION 'publication % is published and cannot be deleted', OLD.id;
    END IF;
    IF (NEW.status, NEW.external_id, NEW.permalink, NEW.accepted_at, NEW.sent_at, NEW.due_at, NEW.text, NEW.post_id, NEW.account_id)
       IS DISTINCT FROM
       (OLD.status, OLD.external_id, OLD.permalink, OLD.accepted_at, OLD.sent_at, OLD.due_at, OLD.text, OLD.post_id, OLD.account_id) THEN
      RAISE EXCEPTION 'publication % is published and cannot be changed', OLD.id;
    END IF;
  END IF;
  RETURN COALESCE(NEW, OLD);
END $$;

-- Whose a live post is does not change either: taking the entry away would let a second publication claim it.
CREATE FUNCTION keep_live_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'live posts on record cannot be changed or removed';
END $$;
CREATE TRIGGER "live_posts_keep" BEFORE UPDATE OR DELETE ON "live_posts" FOR EACH ROW EXECUTE FUNCTION keep_live_post();
CREATE TRIGGER "live_posts_no_truncate" BEFORE TRUNCATE ON "live_posts" FOR EACH STATEMENT EXECUTE FUNCTION keep_live_post();
