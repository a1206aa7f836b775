# Stands in for redis:7 where no registry can be reached: Debian's Redis 7.0 behind the parts of the official image's interface that
# compose.yaml uses (user 999, /data, a command that begins with redis-server). Made by deploy/scripts/base_images.sh.
FROM debian:12-slim
LABEL weir.stand-in=redis:7
RUN groupadd --system --gid 999 redis \
    && useradd --system --uid 999 --gid redis --home-dir /data --no-create-home redis \
    && apt-get update && apt-get install -y --no-install-recommends redis-server redis-tools \
    && rm -rf /var/lib/apt/lists/* && mkdir /data && chown redis:redis /data
COPY redis.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /data
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
