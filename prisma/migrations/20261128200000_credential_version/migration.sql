-- Raised when what a person signs in with changes. A web session remembers the version it was begun with, and is worth
-- nothing under another one: also a session whose sign-in was still under way when the others were ended.
ALTER TABLE "users" ADD COLUMN "credential_version" INTEGER NOT NULL DEFAULT 0;
