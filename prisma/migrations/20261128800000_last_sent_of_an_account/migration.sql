-- What goes on after a stop leaves some seconds after the last that left to its account.
CREATE INDEX "publications_account_id_sent_at_idx" ON "publications"("account_id", "sent_at");
