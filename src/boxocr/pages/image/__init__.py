"""Image files become pixels, in processes that can be killed."""
