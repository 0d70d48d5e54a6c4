"""Accuracy figures from annotations, and readings that follow annotators' corrections."""
