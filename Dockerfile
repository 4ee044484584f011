# The image of web, worker and beat. What is installed is built apart, so that the image holds no build tools.
FROM python:3.11-slim AS build
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM python:3.11-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends git ca-certificates openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /data fieldguide \
 && install -d -o fieldguide -g fieldguide /data
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py LICENSE ./
COPY catalog catalog
COPY detections detections
COPY templates templates
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/app/static FIELDGUIDE_DATA_DIR=/data FIELDGUIDE_ENV=production
# The key of this one command is kept nowhere: production takes its own from the environment.
RUN python -m compileall -q catalog detections manage.py \
 && SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" ALLOWED_HOSTS=build \
    FIELDGUIDE_DATA_DIR=/tmp/build python manage.py collectstatic --no-input \
 && rm -rf /tmp/build
# Nothing below /app can be written by who runs it; /data and /tmp are all that has to be.
USER fieldguide
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "python:catalog.serving", "--bind", "0.0.0.0:8000", "catalog.wsgi"]
