"""Recognises an unknown folder: which files are the register, turnover and lists, and what each column holds."""

from si_eval.registers.recognition.readings import ColumnReading, FolderReading, TableReading
from si_eval.registers.recognition.recognise import recognise_folder

__all__ = ["ColumnReading", "FolderReading", "TableReading", "recognise_folder"]
