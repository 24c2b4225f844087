-- When the platform gave the access token. Of those from before this, only the consent is known.
ALTER TABLE "account_credentials" ADD COLUMN "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
UPDATE "account_credentials" SET "issued_at" = "connected_at"
FROM "connected_accounts" WHERE "connected_accounts"."id" = "account_id";
