import { defineConfig } from 'prisma/config';

// The address is only for Prisma's own tools (studio, migrate status); the product connects through src/database.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost/unset' },
});
