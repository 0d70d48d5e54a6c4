"""HTTP: the Flask application, its limits and errors, metrics, and gunicorn's worker."""
