"""Scripts by name: kept in versions that never change, each with its tests beside it."""
