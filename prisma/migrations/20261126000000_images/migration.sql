-- Images: whether one moves, and what was uploaded to a platform before its post is due.
ALTER TABLE "media" ADD COLUMN "animated" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE "image_uploads" (
    "account_id" UUID NOT NULL,
    "sha256" TEXT NOT NULL,
    "upload_id" TEXT NOT NULL,
    "usable_until" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "image_uploads_pkey" PRIMARY KEY ("account_id","sha256")
);

ALTER TABLE "image_uploads" ADD CONSTRAINT "image_uploads_account_id_fkey"
    FOREIGN KEY ("account_id") REFERENCES "connected_accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
