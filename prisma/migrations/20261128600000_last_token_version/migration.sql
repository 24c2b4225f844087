-- A token's version names it, also after it is gone: a request or a renewal that is still on its way with it must not be taken
-- for one with the next token. So an account that is disconnected keeps the last version it has had.
ALTER TABLE "connected_accounts" ADD COLUMN "last_token_version" INTEGER NOT NULL DEFAULT 0;

-- Those that are disconnected now have lost theirs; it was no higher than the number of consents and renewals.
UPDATE "connected_accounts" SET "last_token_version" = (
  SELECT count(*) FROM "audit_events"
  WHERE "entity" = 'ConnectedAccount' AND "entity_id" = "connected_accounts"."id"::text
    AND "action" IN ('account.connected', 'account.refreshed'))
WHERE NOT EXISTS (SELECT 1 FROM "account_credentials" WHERE "account_id" = "connected_accounts"."id");
