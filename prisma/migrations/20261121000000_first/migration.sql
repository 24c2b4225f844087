CREATE TYPE "Platform" AS ENUM ('linkedin', 'facebook', 'x');
CREATE TYPE "TeamRole" AS ENUM ('author', 'approver', 'manager');
CREATE TYPE "AccountStatus" AS ENUM ('active', 'reconnect_required', 'disconnected');
CREATE TYPE "AccountKind" AS ENUM ('member', 'organization', 'page');
CREATE TYPE "PublicationStatus" AS ENUM ('draft', 'awaiting_approval', 'scheduled', 'publishing', 'retrying', 'published', 'failed', 'held', 'missed', 'cancelled', 'unconfirmed');
CREATE TYPE "PostStatus" AS ENUM ('draft', 'awaiting_approval', 'scheduled', 'publishing', 'published', 'partly_published', 'unconfirmed', 'held', 'missed', 'failed', 'cancelled');
CREATE TYPE "AttemptState" AS ENUM ('prepared', 'sent', 'acked', 'rejected', 'unknown', 'present', 'absent');
CREATE TYPE "LatePolicy" AS ENUM ('send', 'hold', 'drop');
CREATE TYPE "HoldScope" AS ENUM ('everything', 'platform', 'team', 'account');

CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "is_superuser" BOOLEAN NOT NULL DEFAULT false,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "time_zone" TEXT NOT NULL DEFAULT 'UTC',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "local_credentials" (
    "user_id" UUID NOT NULL,
    "password_hash" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "local_credentials_pkey" PRIMARY KEY ("user_id")
);

CREATE TABLE "identities" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "identities_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "teams" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL DEFAULT 'UTC',
    "requires_approval" BOOLEAN NOT NULL DEFAULT false,
    "late_policy" "LatePolicy" NOT NULL DEFAULT 'drop',
    "late_limit_minutes" INTEGER NOT NULL DEFAULT 120,
    "resend_when_absent" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "teams_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "memberships" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "role" "TeamRole" NOT NULL DEFAULT 'author',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "memberships_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "invitations" (
    "id" UUID NOT NULL,
    "email" TEXT,
    "team_id" UUID,
    "role" "TeamRole" NOT NULL DEFAULT 'author',
    "grants_superuser" BOOLEAN NOT NULL DEFAULT false,
    "token_hash" TEXT NOT NULL,
    "invited_by_id" UUID,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),
    "accepted_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "connected_accounts" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "platform" "Platform" NOT NULL,
    "kind" "AccountKind" NOT NULL DEFAULT 'member',
    "external_id" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "profile_url" TEXT,
    "status" "AccountStatus" NOT NULL DEFAULT 'active',
    "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "owner_id" UUID,
    "connected_by_id" UUID NOT NULL,
    "connected_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),
    "token_expires_at" TIMESTAMPTZ(3),
    "refresh_token_expires_at" TIMESTAMPTZ(3),
    "status_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "connected_accounts_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "account_credentials" (
    "account_id" UUID NOT NULL,
    "access_token" TEXT NOT NULL,
    "refresh_token" TEXT,
    "token_version" INTEGER NOT NULL DEFAULT 1,
    "refresh_lease_until" TIMESTAMPTZ(3),
    "refresh_started_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_credentials_pkey" PRIMARY KEY ("account_id")
);

CREATE TABLE "posts" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "author_id" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "link_url" TEXT,
    "scheduled_at" TIMESTAMPTZ(3),
    "time_zone" TEXT,
    "wall_clock" TEXT,
    "status" "PostStatus" NOT NULL DEFAULT 'draft',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "posts_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "media" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "sha256" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "byte_size" INTEGER NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "bytes" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "media_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "post_media" (
    "id" UUID NOT NULL,
    "post_id" UUID NOT NULL,
    "media_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "alt_text" TEXT,

    CONSTRAINT "post_media_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "publications" (
    "id" UUID NOT NULL,
    "post_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "status" "PublicationStatus" NOT NULL DEFAULT 'draft',
    "text" TEXT,
    "due_at" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "accepted_at" TIMESTAMPTZ(3),
    "external_id" TEXT,
    "permalink" TEXT,
    "attempt_count" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "retry_base_seconds" INTEGER NOT NULL DEFAULT 300,
    "max_attempts" INTEGER NOT NULL DEFAULT 5,
    "error_code" TEXT,
    "error_message" TEXT,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "late_policy" "LatePolicy",
    "late_limit_minutes" INTEGER,
    "generation" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "publications_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "publish_attempts" (
    "id" UUID NOT NULL,
    "publication_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "state" "AttemptState" NOT NULL DEFAULT 'prepared',
    "fence" INTEGER NOT NULL,
    "request_hash" TEXT,
    "due_at" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "accepted_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "outcome" TEXT,
    "http_status" INTEGER,
    "error_code" TEXT,
    "error_message" TEXT,
    "external_id" TEXT,
    "next_look_up_at" TIMESTAMPTZ(3),
    "look_ups" INTEGER NOT NULL DEFAULT 0,
    "absent_reads" INTEGER NOT NULL DEFAULT 0,
    "first_absent_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "publish_attempts_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "publication_evidence" (
    "attempt_id" UUID NOT NULL,
    "publication_id" UUID NOT NULL,
    "document" JSONB NOT NULL,
    "sha256" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "publication_evidence_pkey" PRIMARY KEY ("attempt_id")
);

CREATE TABLE "worker_processes" (
    "id" UUID NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "beat_at" TIMESTAMPTZ(3) NOT NULL,
    "stopped_at" TIMESTAMPTZ(3),

    CONSTRAINT "worker_processes_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "database_identity" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "system_identifier" TEXT NOT NULL,
    "timeline" INTEGER NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "database_identity_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "approvals" (
    "id" UUID NOT NULL,
    "post_id" UUID NOT NULL,
    "content_hash" TEXT NOT NULL,
    "approved_by_id" UUID NOT NULL,
    "approved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "voided_at" TIMESTAMPTZ(3),
    "void_reason" TEXT,

    CONSTRAINT "approvals_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "holds" (
    "id" UUID NOT NULL,
    "scope" "HoldScope" NOT NULL,
    "platform" "Platform",
    "team_id" UUID,
    "account_id" UUID,
    "reason" TEXT NOT NULL,
    "created_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "released_at" TIMESTAMPTZ(3),
    "released_by_id" UUID,

    CONSTRAINT "holds_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "audit_events" (
    "id" UUID NOT NULL,
    "actor_id" UUID,
    "action" TEXT NOT NULL,
    "entity" TEXT NOT NULL,
    "entity_id" TEXT,
    "team_id" UUID,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "position" INTEGER,
    "previous_hash" TEXT,
    "hash" TEXT,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "session" (
    "sid" VARCHAR NOT NULL,
    "sess" JSON NOT NULL,
    "expire" TIMESTAMP(6) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("sid")
);

CREATE TABLE "rate_limits" (
    "key" VARCHAR(255) NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

CREATE UNIQUE INDEX "users_email_key" ON "users"("email");
CREATE UNIQUE INDEX "identities_provider_subject_key" ON "identities"("provider", "subject");
CREATE UNIQUE INDEX "teams_name_key" ON "teams"("name");
CREATE UNIQUE INDEX "memberships_user_id_team_id_key" ON "memberships"("user_id", "team_id");
CREATE UNIQUE INDEX "invitations_token_hash_key" ON "invitations"("token_hash");
CREATE UNIQUE INDEX "connected_accounts_team_id_platform_external_id_key" ON "connected_accounts"("team_id", "platform", "external_id");
CREATE UNIQUE INDEX "media_team_id_sha256_key" ON "media"("team_id", "sha256");
CREATE UNIQUE INDEX "post_media_post_id_position_key" ON "post_media"("post_id", "position");
CREATE UNIQUE INDEX "publications_post_id_account_id_key" ON "publications"("post_id", "account_id");
CREATE UNIQUE INDEX "publish_attempts_publication_id_number_key" ON "publish_attempts"("publication_id", "number");
CREATE UNIQUE INDEX "audit_events_position_key" ON "audit_events"("position");
CREATE INDEX "identities_user_id_idx" ON "identities"("user_id");
CREATE INDEX "memberships_team_id_idx" ON "memberships"("team_id");
CREATE INDEX "invitations_team_id_idx" ON "invitations"("team_id");
CREATE INDEX "connected_accounts_owner_id_idx" ON "connected_accounts"("owner_id");
CREATE INDEX "connected_accounts_connected_by_id_idx" ON "connected_accounts"("connected_by_id");
CREATE INDEX "posts_status_scheduled_at_idx" ON "posts"("status", "scheduled_at" DESC);
CREATE INDEX "posts_scheduled_at_id_idx" ON "posts"("scheduled_at" DESC, "id");
CREATE INDEX "posts_team_id_scheduled_at_idx" ON "posts"("team_id", "scheduled_at" DESC);
CREATE INDEX "posts_author_id_idx" ON "posts"("author_id");
CREATE INDEX "post_media_media_id_idx" ON "post_media"("media_id");
CREATE INDEX "publications_status_due_at_idx" ON "publications"("status", "due_at");
CREATE INDEX "publications_team_id_due_at_idx" ON "publications"("team_id", "due_at" DESC);
CREATE INDEX "publications_account_id_status_idx" ON "publications"("account_id", "status");
CREATE INDEX "publish_attempts_state_sent_at_idx" ON "publish_attempts"("state", "sent_at");
CREATE INDEX "publication_evidence_publication_id_idx" ON "publication_evidence"("publication_id");
CREATE INDEX "worker_processes_beat_at_idx" ON "worker_processes"("beat_at");
CREATE INDEX "approvals_post_id_idx" ON "approvals"("post_id");
CREATE INDEX "holds_released_at_idx" ON "holds"("released_at");
CREATE INDEX "audit_events_entity_entity_id_idx" ON "audit_events"("entity", "entity_id");
CREATE INDEX "audit_events_occurred_at_idx" ON "audit_events"("occurred_at" DESC);
CREATE INDEX "audit_events_team_id_occurred_at_idx" ON "audit_events"("team_id", "occurred_at" DESC);
CREATE INDEX "audit_events_action_idx" ON "audit_events"("action");
CREATE INDEX "session_expire_idx" ON "session"("expire");

ALTER TABLE "local_credentials" ADD CONSTRAINT "local_credentials_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "identities" ADD CONSTRAINT "identities_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_invited_by_id_fkey" FOREIGN KEY ("invited_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_accepted_by_id_fkey" FOREIGN KEY ("accepted_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "connected_accounts" ADD CONSTRAINT "connected_accounts_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "connected_accounts" ADD CONSTRAINT "connected_accounts_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "connected_accounts" ADD CONSTRAINT "connected_accounts_connected_by_id_fkey" FOREIGN KEY ("connected_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "account_credentials" ADD CONSTRAINT "account_credentials_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "connected_accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "posts" ADD CONSTRAINT "posts_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "posts" ADD CONSTRAINT "posts_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "media" ADD CONSTRAINT "media_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "post_media" ADD CONSTRAINT "post_media_post_id_fkey" FOREIGN KEY ("post_id") REFERENCES "posts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "post_media" ADD CONSTRAINT "post_media_media_id_fkey" FOREIGN KEY ("media_id") REFERENCES "media"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "publications" ADD CONSTRAINT "publications_post_id_fkey" FOREIGN KEY ("post_id") REFERENCES "posts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "publications" ADD CONSTRAINT "publications_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "connected_accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "publications" ADD CONSTRAINT "publications_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "publish_attempts" ADD CONSTRAINT "publish_attempts_publication_id_fkey" FOREIGN KEY ("publication_id") REFERENCES "publications"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "publication_evidence" ADD CONSTRAINT "publication_evidence_attempt_id_fkey" FOREIGN KEY ("attempt_id") REFERENCES "publish_attempts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_post_id_fkey" FOREIGN KEY ("post_id") REFERENCES "posts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_approved_by_id_fkey" FOREIGN KEY ("approved_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "holds" ADD CONSTRAINT "holds_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "holds" ADD CONSTRAINT "holds_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "connected_accounts"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "holds" ADD CONSTRAINT "holds_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "holds" ADD CONSTRAINT "holds_released_by_id_fkey" FOREIGN KEY ("released_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_actor_id_fkey" FOREIGN KEY ("actor_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What Prisma's schema language cannot say --------------------------------------------------------------------------

-- At most one open attempt per publication: two requests for one post can never be in flight together.
CREATE UNIQUE INDEX "publish_attempts_one_open" ON "publish_attempts"("publication_id") WHERE "state" IN ('prepared', 'sent', 'unknown');

-- Nothing is published without the platform's own id (guarantee G3).
ALTER TABLE "publications" ADD CONSTRAINT "publications_published_has_id" CHECK ("status" <> 'published' OR ("external_id" IS NOT NULL AND "accepted_at" IS NOT NULL));
ALTER TABLE "publications" ADD CONSTRAINT "publications_retry_limits" CHECK ("retry_base_seconds" BETWEEN 1 AND 14400 AND "max_attempts" BETWEEN 1 AND 20);
ALTER TABLE "teams" ADD CONSTRAINT "teams_late_limit" CHECK ("late_limit_minutes" BETWEEN 0 AND 43200);
ALTER TABLE "holds" ADD CONSTRAINT "holds_scope_has_target" CHECK (
  ("scope" = 'everything') OR ("scope" = 'platform' AND "platform" IS NOT NULL) OR ("scope" = 'team' AND "team_id" IS NOT NULL) OR ("scope" = 'account' AND "account_id" IS NOT NULL));

ALTER TABLE "publications" ADD CONSTRAINT "publications_late_limit" CHECK ("late_limit_minutes" BETWEEN 0 AND 43200);
ALTER TABLE "database_identity" ADD CONSTRAINT "database_identity_one_row" CHECK ("id" = 1);

-- The worker's own questions: what is due, whose lease ran out.
CREATE INDEX "publications_due" ON "publications"("next_attempt_at", "id") WHERE "status" IN ('scheduled', 'retrying');
CREATE INDEX "publish_attempts_look_up" ON "publish_attempts"("next_look_up_at") WHERE "state" = 'unknown';
CREATE INDEX "publications_leased" ON "publications"("lease_until") WHERE "status" = 'publishing';

-- `published` is final: the row can neither change its evidence nor go away, whoever asks.
CREATE FUNCTION keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'published' THEN
    IF TG_OP = 'DELETE' THEN
      RAISE EXCEPTION 'publication % is published and cannot be deleted', OLD.id;
    END IF;
    IF (NEW.status, NEW.external_id, NEW.accepted_at, NEW.sent_at, NEW.due_at, NEW.text, NEW.post_id, NEW.account_id)
       IS DISTINCT FROM (OLD.status, OLD.external_id, OLD.accepted_at, OLD.sent_at, OLD.due_at, OLD.text, OLD.post_id, OLD.account_id) THEN
      RAISE EXCEPTION 'publication % is published and cannot be changed', OLD.id;
    END IF;
  END IF;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER "publications_keep_published" BEFORE UPDATE OR DELETE ON "publications" FOR EACH ROW EXECUTE FUNCTION keep_published();

-- The audit is append-only. The one update allowed seals a row into the hash chain, once.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.hash IS NULL AND NEW.hash IS NOT NULL
     AND (NEW.id, NEW.actor_id, NEW.action, NEW.entity, NEW.entity_id, NEW.team_id, NEW.metadata, NEW.occurred_at)
         IS NOT DISTINCT FROM (OLD.id, OLD.actor_id, OLD.action, OLD.entity, OLD.entity_id, OLD.team_id, OLD.metadata, OLD.occurred_at) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit events are append-only';
END $$;
CREATE TRIGGER "audit_events_append_only" BEFORE UPDATE OR DELETE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$;
CREATE TRIGGER "audit_events_no_truncate" BEFORE TRUNCATE ON "audit_events" FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();

-- Evidence is written once.
CREATE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'publication evidence cannot be changed or removed'; END $$;
CREATE TRIGGER "publication_evidence_keep" BEFORE UPDATE OR DELETE ON "publication_evidence" FOR EACH ROW EXECUTE FUNCTION keep_evidence();
CREATE TRIGGER "publication_evidence_no_truncate" BEFORE TRUNCATE ON "publication_evidence" FOR EACH STATEMENT EXECUTE FUNCTION keep_evidence();
