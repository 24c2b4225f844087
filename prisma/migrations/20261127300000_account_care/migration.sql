-- When only a person can renew a connection, whatever the token says. For what is connected already: LinkedIn's permission
-- ends with its refresh token, or with the access token where there is none; Facebook's 90 days after the person's consent.
ALTER TABLE "connected_accounts" ADD COLUMN "permission_ends_at" TIMESTAMPTZ(3);
UPDATE "connected_accounts" account
SET "permission_ends_at" = CASE
  WHEN account."platform" = 'facebook' THEN account."connected_at" + interval '90 days'
  WHEN credential."refresh_token" IS NOT NULL THEN account."refresh_token_expires_at"
  ELSE account."token_expires_at" END
FROM "account_credentials" credential
WHERE credential."account_id" = account."id";

-- Of what was connected before there was a time for it: between half and three quarters of what is left.
UPDATE "account_credentials" credential
SET "renew_at" = now() + (account."token_expires_at" - now()) * (0.5 + random() / 4)
FROM "connected_accounts" account
WHERE account."id" = credential."account_id" AND credential."refresh_token" IS NOT NULL
  AND credential."renew_at" IS NULL AND account."token_expires_at" > now();

-- Looking ahead: which publications were checked before their time, and what stands in their way.
CREATE TABLE "preflight_checks" (
    "publication_id" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL,
    "checked_at" TIMESTAMPTZ(3),

    CONSTRAINT "preflight_checks_pkey" PRIMARY KEY ("publication_id")
);

CREATE TABLE "preflight_findings" (
    "publication_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "preflight_findings_pkey" PRIMARY KEY ("publication_id","kind")
);

ALTER TABLE "preflight_checks" ADD CONSTRAINT "preflight_checks_publication_id_fkey"
    FOREIGN KEY ("publication_id") REFERENCES "publications"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "preflight_findings" ADD CONSTRAINT "preflight_findings_publication_id_fkey"
    FOREIGN KEY ("publication_id") REFERENCES "preflight_checks"("publication_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- E-mail about events, one row per event and recipient, so that nobody is told the same thing twice.
CREATE TYPE "EmailState" AS ENUM ('queued', 'sending', 'sent', 'not_needed', 'refused');

CREATE TABLE "email_notices" (
    "id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "recipient_id" UUID NOT NULL,
    "state" "EmailState" NOT NULL DEFAULT 'queued',
    "queued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "email_notices_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "email_notices_event_id_recipient_id_key" ON "email_notices"("event_id", "recipient_id");
CREATE INDEX "email_notices_recipient_id_idx" ON "email_notices"("recipient_id");

ALTER TABLE "email_notices" ADD CONSTRAINT "email_notices_event_id_fkey"
    FOREIGN KEY ("event_id") REFERENCES "audit_events"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "email_notices" ADD CONSTRAINT "email_notices_recipient_id_fkey"
    FOREIGN KEY ("recipient_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
