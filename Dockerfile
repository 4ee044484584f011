FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN useradd --create-home fieldguide && mkdir -p /data && chown fieldguide /data
USER fieldguide
ENV FIELDGUIDE_DATA_DIR=/data
EXPOSE 8000
CMD ["sh", "-c", "python manage.py migrate --verbosity 0 && exec gunicorn catalog.wsgi --bind 0.0.0.0:8000 --workers 2 --threads 4"]
