"""Cases that an operator has put to rest: no step is taken; what comes for them is kept, and applied afterwards."""
