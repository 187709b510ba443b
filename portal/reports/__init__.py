"""Reports in words: each module makes one report's sections (a sentence, a chart, a table) from what storage counted.

`catalogue` lists them; a page shows them, `sheets` makes the Excel file. Nothing is counted here.
"""
