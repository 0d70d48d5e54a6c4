"""Per-process setup: logs, scheduling, memory budgets and the time of each stage."""
