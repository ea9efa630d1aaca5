"""The servers from the wheels, under our own supervision: PostgreSQL and Valkey on loopback."""
