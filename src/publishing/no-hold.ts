import { Prisma } from '@prisma/client';

/** SQL: no hold covers `account` (a connected_accounts row of the statement it stands in) at this moment. */
export const NO_HOLD_COVERS_ACCOUNT = Prisma.sql`NOT EXISTS (
  SELECT 1 FROM holds
  WHERE released_at IS NULL AND (scope = 'everything' OR (scope = 'platform' AND holds.platform = account.platform)
    OR (scope = 'team' AND holds.team_id = account.team_id) OR (scope = 'account' AND holds.account_id = account.id)))`;
