"""Words every package shares; owns no table and imports no other package."""
