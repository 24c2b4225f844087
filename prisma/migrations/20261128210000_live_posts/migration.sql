-- A live post belongs to one publication. Whichever way a publication becomes published, the database sees to it.
CREATE TABLE "live_posts" (
    "platform" "Platform" NOT NULL,
    "external_id" TEXT NOT NULL,
    "publication_id" UUID NOT NULL,

    CONSTRAINT "live_posts_pkey" PRIMARY KEY ("platform","external_id")
);
CREATE UNIQUE INDEX "live_posts_publication_id_key" ON "live_posts"("publication_id");
ALTER TABLE "live_posts" ADD CONSTRAINT "live_posts_publication_id_fkey"
    FOREIGN KEY ("publication_id") REFERENCES "publications"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What is published is never changed. Should two publications have one id already, the earlier one has the post, and the other
-- stays as it is: published, without an entry here.
INSERT INTO "live_posts" ("platform", "external_id", "publication_id")
SELECT DISTINCT ON (account."platform", publication."external_id") account."platform", publication."external_id", publication."id"
FROM "publications" publication JOIN "connected_accounts" account ON account."id" = publication."account_id"
WHERE publication."status" = 'published'
ORDER BY account."platform", publication."external_id", publication."accepted_at", publication."id";

CREATE FUNCTION own_live_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = 'published' THEN
    RETURN NULL;
  END IF;
  INSERT INTO live_posts (platform, external_id, publication_id)
  SELECT account.platform, NEW.external_id, NEW.id FROM connected_accounts account WHERE account.id = NEW.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER "publications_own_live_post" AFTER INSERT OR UPDATE OF "status" ON "publications"
  FOR EACH ROW WHEN (NEW.status = 'published') EXECUTE FUNCTION own_live_post();
