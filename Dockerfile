# The image that Sekoia.io builds from this directory alone, and that runs anywhere else just as well.
#
# Node.js 26 is the active LTS line since 28 October 2026 (24 is in maintenance). The tag names one release and one Debian.

# What compiles the program: nothing of this stage but dist/ is in the image.
FROM node:26.13.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && rm dist/.tsbuildinfo

# What the program needs while it runs on the platform: workers of a queue (optional) run from the package.
FROM node:26.13.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26.13.0-trixie-slim
ENV NODE_ENV=production
# The base image has a user 1000 of its own; it gets the name that the platform's images use. An image needs no package
# manager to run, and what is not there has no holes.
RUN usermod --login sekoiaio-runtime --home /nonexistent --shell /usr/sbin/nologin node \
  && groupmod --new-name sekoiaio-runtime node \
  && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /home/node \
  && mkdir --mode=0700 /symphony_data \
  && chown sekoiaio-runtime:sekoiaio-runtime /symphony_data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json manifest.json LICENSE ./
COPY triggers ./triggers
COPY schemas ./schemas
# The program writes below /symphony_data only, and owns nothing else: the root file system may be read-only.
USER sekoiaio-runtime
EXPOSE 8000 8010 8020
# Asks where the program listens: what a file of the platform says goes before the variable.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const { CONFIGURATION_PATH, LIVENESS_PORT } = process.env; let port = LIVENESS_PORT; try { port = fs.readFileSync((CONFIGURATION_PATH || '/symphony') + '/liveness_port', 'utf8').trim() } catch {} fetch('http://127.0.0.1:' + (port || 8000) + '/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
