"""Accuracy figures from annotations, readings that follow annotators' corrections, and annotated pages to export."""
