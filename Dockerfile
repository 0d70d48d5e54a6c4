# BoxOCR with PP-OCR and Tesseract's languages.
#
#   docker build .
#   docker build --build-arg TESSERACT_LANGS="eng pol" .
#
# The image runs as an unprivileged user, and with a read-only root file system where /tmp can be written:
#
#   docker run --read-only --tmpfs /tmp -p 127.0.0.1:9090:9090 boxocr

FROM python:3.13.15-slim-trixie AS languages
# Debian's names: tesseract-ocr-LANG is installed for each, so it is chi-sim and not chi_sim.
ARG TESSERACT_LANGS="eng deu fra spa chi-sim"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends $(printf 'tesseract-ocr-%s ' $TESSERACT_LANGS) \
    && rm -rf /var/lib/apt/lists/*

FROM python:3.13.15-slim-trixie AS packages
COPY requirements.txt requirements/build.txt /requirements/
# Every requirement is locked with its dependencies and hashes, so pip has nothing to work out.
RUN python -m venv --without-pip /venv \
    && pip --python /venv install --no-cache-dir --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --requirement /requirements/requirements.txt \
    && find /venv/lib -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +
# The build backend is locked too, and has a venv of its own: pip cannot replace packages that a distribution installed.
RUN python -m venv --without-pip /build \
    && pip --python /build install --no-cache-dir --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --requirement /requirements/build.txt
COPY LICENSE README.md pyproject.toml _wsgi.py gunicorn.conf.py model.py /boxocr/
COPY examples /boxocr/examples
COPY src /boxocr/src
RUN pip --python /build wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
        --wheel-dir /wheel /boxocr \
    && pip --python /venv install --no-cache-dir --disable-pip-version-check --no-deps --no-index /wheel/*.whl \
    && python -m compileall -q /venv/lib/python3.13/site-packages/boxocr

FROM python:3.13.15-slim-trixie
RUN useradd --uid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin boxocr
COPY --from=packages /venv /venv
COPY --from=languages /usr/share/tesseract-ocr /usr/share/tesseract-ocr
WORKDIR /app
COPY _wsgi.py gunicorn.conf.py model.py ./
# A container's port is only reachable where it is published.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp HOST=0.0.0.0
USER 10001:10001
EXPOSE 9090
# Label Studio gives up on /health after one second.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 9090}/health\", timeout=3)"]
CMD ["gunicorn", "_wsgi:app"]
