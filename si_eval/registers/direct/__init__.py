"""Registers whose participants carry the unit's own identifier: tables in any layout, one row a unit and year."""

from si_eval.registers.direct.registers import DirectRegisters, read_direct
from si_eval.registers.direct.tables import Layout

__all__ = ["DirectRegisters", "Layout", "read_direct"]
