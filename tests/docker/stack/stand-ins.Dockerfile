# What is outside the system, from packages: PostgreSQL, Redis and nginx of Debian, an S3 server, a mailbox.
FROM python:3.11-slim-bookworm
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends postgresql redis-server nginx-light >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m pip install --quiet --no-cache-dir "moto[s3,server]==5.2.5" aiosmtpd==1.4.6 \
    && install --directory --owner=postgres /var/lib/postgresql/data \
    && install --directory --owner=redis /data
COPY postgres.sh /
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
