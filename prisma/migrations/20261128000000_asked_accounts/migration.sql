-- Looking ahead asks the platform too: when it was asked about an account last, and what stands in the way there.
ALTER TABLE "connected_accounts" ADD COLUMN "asked_at" TIMESTAMPTZ(3);
ALTER TABLE "connected_accounts" ADD COLUMN "right_problem" TEXT;
