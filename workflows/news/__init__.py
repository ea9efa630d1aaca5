"""Messages and signals: into cases, out of them, and between them."""
