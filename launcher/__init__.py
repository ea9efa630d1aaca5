"""Set-up and embedded servers, from the standard library only: it runs before anything is installed."""
