"""A SeaweedFS cluster on this machine, for trials and tests: master, volume servers, filer with S3."""
