"""The post-processing template library: one bundle a folder, and `library` to find what fits."""
