"""Registers: raw extracts in, participants linked, one row a business unit and year out. Firms stay inside."""
