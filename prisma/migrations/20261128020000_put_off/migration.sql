-- "put_off_until" is by when a publication is late or not also for a later try, which until now was told by having been sent
-- before, and for what waits for its place behind others.
UPDATE "publications" SET "put_off_until" = greatest("put_off_until", "next_attempt_at")
WHERE "sent_at" IS NOT NULL AND "next_attempt_at" IS NOT NULL AND "status" IN ('scheduled', 'retrying', 'publishing');

-- What has its place behind others already: the next ones are put behind the last of them.
CREATE INDEX "publications_placed" ON "publications"("account_id", "next_attempt_at")
WHERE "status" IN ('scheduled', 'retrying') AND "put_off_until" < "next_attempt_at";
