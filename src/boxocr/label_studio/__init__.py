"""A client for Label Studio's REST API: projects, ML backends, webhooks, uploads and storages."""
