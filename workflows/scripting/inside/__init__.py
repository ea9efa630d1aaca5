"""What runs inside the sandbox. Standard library only: nothing of Consilium is in reach of a script.

`zygote` starts, confines itself as far as the system lets it, and forks one child a call; `child` narrows
itself for good and runs one script; `language` says what a script may say.
"""
