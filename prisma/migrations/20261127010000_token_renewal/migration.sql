-- When an access token is to be renewed, well before its end, so that the old one still works if the renewal goes wrong.
ALTER TABLE "account_credentials" ADD COLUMN "renew_at" TIMESTAMPTZ(3);
