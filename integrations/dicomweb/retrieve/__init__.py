"""The Retrieve transaction (PS3.18 §10.4) and WADO-URI (PS3.18 §9)."""
