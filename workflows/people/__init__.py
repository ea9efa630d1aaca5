"""What people do in cases: taking, handing on and finishing tasks, their drafts, talk and files."""
