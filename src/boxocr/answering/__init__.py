"""Answers to Label Studio's predict requests: boxes drawn on a task, and whole tasks."""
