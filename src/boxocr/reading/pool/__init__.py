"""Reader processes, and the queue of jobs in front of them."""
