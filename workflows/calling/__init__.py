"""Processes that call processes: a called one is a case of its own."""
