from .cells import cell, say
from .charts import draw
from .comparison import show_comparison
from .document import build_report
from .exhibit import show
from .specification import Chart
from .tables import table_html
from .workbook import write_workbook

__all__ = ["Chart", "build_report", "cell", "draw", "say", "show", "show_comparison", "table_html", "write_workbook"]
