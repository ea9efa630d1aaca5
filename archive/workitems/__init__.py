"""The worklist: workitems, who is told of their changes, and what the standard asks of them (PS3.4 Annex CC)."""
