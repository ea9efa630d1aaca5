"""Where jobs run: what devices there are, which fits a job, and who holds how much of which."""
