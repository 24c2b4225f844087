-- What exactly is sent is kept with the record that it is sent, so that whoever finds the post later has the evidence.
ALTER TABLE "publish_attempts" ADD COLUMN "frozen" JSONB;
