# docker build -t tsuchi --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .
# There is nothing to compile: node runs the TypeScript of src/ as it is.
ARG NODE_IMAGE=node:26-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tsuchi" \
      org.opencontainers.image.description="Kafka stream processor that sends LINE notification messages, commit first, act after" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    TSUCHI_CONFIG=/etc/tsuchi/tsuchi.yaml
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY schemas ./schemas
COPY routes ./routes
COPY src ./src

# The stores: rebuilt from Kafka when they are gone, so any volume does; one that outlives the container makes for a quick start. Each
# worker needs its own.
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/tsuchi
VOLUME /var/lib/tsuchi

# By number: Kubernetes' runAsNonRoot cannot judge a name. Nothing else in the image belongs to this user.
USER 10001:10001
# http.port, and webhook.port where a channel has a webhook: their defaults.
EXPOSE 8080 8082
# For `run`, with the default http.port. Liveness, not readiness: a worker that waits for Kafka is not mended by a restart.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node is process 1 and sees SIGTERM itself; it starts no children that would need an init.
ENTRYPOINT ["node", "src/cli.ts"]
CMD ["run"]
