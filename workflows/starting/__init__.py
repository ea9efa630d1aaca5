"""How processes begin: by news, by the clock."""
