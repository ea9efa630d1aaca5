"""What the service can do, told to programs: as WADL (PS3.18 §8.9, Annex H) and as OpenAPI."""
