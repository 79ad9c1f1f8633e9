"""The order of work: a study file in, protected exhibits and a report out."""
