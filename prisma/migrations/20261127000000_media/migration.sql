-- Images can be uploaded now: who sent one, and since when no post has used it. Nothing could write to this table before.
ALTER TABLE "media" ALTER COLUMN "width" SET NOT NULL;
ALTER TABLE "media" ALTER COLUMN "height" SET NOT NULL;
ALTER TABLE "media" ADD COLUMN "added_by_id" UUID;
ALTER TABLE "media" ADD COLUMN "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

CREATE INDEX "media_added_by_id_created_at_idx" ON "media"("added_by_id", "created_at");
CREATE INDEX "media_last_used_at_idx" ON "media"("last_used_at");

ALTER TABLE "media" ADD CONSTRAINT "media_added_by_id_fkey"
    FOREIGN KEY ("added_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "media" ADD CONSTRAINT "media_content_type"
    CHECK ("content_type" IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp'));

-- Images do not compress, and a part of an uncompressed value can be read without the rest of it.
ALTER TABLE "media" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;
