-- A platform that asks us to slow down means the account, not the one post: all of them wait until then.
CREATE TABLE "account_rests" (
    "platform" "Platform" NOT NULL,
    "external_id" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_rests_pkey" PRIMARY KEY ("platform","external_id")
);

-- To when a publication was put off for that; late is judged by it.
ALTER TABLE "publications" ADD COLUMN "put_off_until" TIMESTAMPTZ(3);
