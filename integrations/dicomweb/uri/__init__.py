"""The URI service, also known as WADO-URI (PS3.18 §9)."""
