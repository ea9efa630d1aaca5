"""Steps that machines do: our own workers, and workers elsewhere that fetch them."""
