# Stands in for haproxy:2.6 where no registry can be reached: Debian's HAProxy 2.6 behind the parts of the official image's interface
# that compose.yaml uses (user 99, /usr/local/etc/haproxy/haproxy.cfg, SIGUSR1). Made by deploy/scripts/base_images.sh.
FROM debian:12-slim
LABEL weir.stand-in=haproxy:2.6
# The package makes the user, and takes none whose number is below those of system users.
RUN apt-get update && apt-get install -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/* \
    && groupmod --gid 99 haproxy && usermod --uid 99 --gid 99 haproxy \
    && mkdir -p /usr/local/etc/haproxy && chown haproxy:haproxy /var/lib/haproxy
USER haproxy
WORKDIR /var/lib/haproxy
# Lets open answers come to their end.
STOPSIGNAL SIGUSR1
ENTRYPOINT ["haproxy", "-W", "-db"]
CMD ["-f", "/usr/local/etc/haproxy/haproxy.cfg"]
