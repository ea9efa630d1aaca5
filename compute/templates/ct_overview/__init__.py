"""CT overview: three-plane maximum intensity projections and key reformations of one series."""
