/** What an address says. Null: it shows no post. `ofAnother`: it shows another account, both as they are told to a person. */
export type LinkReading = { externalId: string; ofAnother: { theirs: string; ours: string } | null } | null;
