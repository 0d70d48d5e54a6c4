"""Per-process setup: logs, scheduling, memory budgets, deadlines and the time of each stage."""
