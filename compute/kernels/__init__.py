"""Pure functions of tensors, one idea a file. Device and dtype follow the input; no settings, no data set."""
