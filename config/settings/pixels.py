"""Decoding of pixels: how many processes of its own a web worker may start for it."""

from __future__ import annotations

import os

import environ

env = environ.Env()

PIXEL_PROCESSES = env.int("PIXEL_PROCESSES", min(4, max(2, os.cpu_count() or 1)))
