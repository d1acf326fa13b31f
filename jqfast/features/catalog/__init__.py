"""The catalogue: one file per family of the requirements, one declaration per feature or window family."""
