"""Clean Recognizable Visual Features: nose, lips, ears and eyelids are taken off the images of a head.

Reference  PS3.15 §E.3.2
"""
