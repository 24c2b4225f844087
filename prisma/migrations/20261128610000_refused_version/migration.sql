-- The version of the token that the platform refused: it is renewed before anything else is sent with it. Until now it was given
-- an end, by the clock of the process that saw the refusal, and one whose clock was behind went on using it.
ALTER TABLE "account_credentials" ADD COLUMN "refused_version" INTEGER;
