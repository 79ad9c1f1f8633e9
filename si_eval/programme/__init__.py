"""The programme beside the registers: monitoring figures, theory with its goals, and costs."""
