"""What a monitoring system scrapes: counts and durations, and never a word of a patient.

Reference  Prometheus text exposition format 0.0.4
"""
