-- Whose consent an account's token is: a later consent of the same LinkedIn member may end it.
ALTER TABLE "connected_accounts" ADD COLUMN "granted_by" TEXT;

-- Until now LinkedIn accounts were members, each connected by his own consent.
UPDATE "connected_accounts" SET "granted_by" = "external_id" WHERE "platform" = 'linkedin' AND "kind" = 'member';
