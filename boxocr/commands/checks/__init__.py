"""What ``boxocr doctor`` looks at: a module for each part, each giving findings."""
