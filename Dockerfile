# The product in a container: Debian (glibc), Node 24, an unprivileged user. With DATABASE_URL it uses that Postgres; without,
# the embedded one in /data (one container per volume). See docker-compose.yml for the usual way.

FROM node:24-slim AS dependencies
WORKDIR /app
# Only what npm ci and its postinstall (prisma generate) read: this layer is rebuilt when a dependency or the schema changes.
COPY package.json package-lock.json prisma.config.ts ./
COPY prisma/schema.prisma ./prisma/
COPY scripts/generate-client.ts scripts/prisma-metadata-generator.ts ./scripts/
# The postinstall needs a development dependency, so these are removed afterwards; and the image brings Node 24 itself.
RUN npm ci --no-audit --no-fund \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/.bin/node

FROM node:24-slim
# Not 127.0.0.1: inside a container only the container itself could reach that.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
RUN mkdir --mode=0700 /data && chown node:node /data
COPY --from=dependencies /app/node_modules ./node_modules
# The panel's bundle is written to build/adminjs at each start.
COPY --from=dependencies --chown=node:node /app/build ./build
COPY package.json prisma.config.ts ./
COPY prisma ./prisma
COPY scripts ./scripts
COPY src ./src

USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
