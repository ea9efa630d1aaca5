"""Processes as files: read, judged, kept as versions that never change."""
