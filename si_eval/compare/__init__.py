"""Comparisons of participants with other firms: reach, levels, trends, selection. Cells come in, tidy rows go out."""
