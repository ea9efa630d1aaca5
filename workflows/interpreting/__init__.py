"""Expressions of diagrams and FEEL scripts, interpreted in a confined process of their own.

`asking` is the door. Outside, `resident` and `residents` keep such a process and watch it; `inside` is what runs
there. `plain` is the small language, FEEL is in `workflows/decisions`. Neither hands anything of a text to Python, and
both bound what a call costs, so one process serves many calls. docs/decisions/0019 tells why.

Nothing is imported here: the process loads this package, and knows no rows.
"""
