"""One machine, everything on it: the profile of `./consilium up`."""

from config.settings.base import *
