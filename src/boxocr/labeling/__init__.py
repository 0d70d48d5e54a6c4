"""Label Studio's labeling configs, tasks and results, without any I/O."""
