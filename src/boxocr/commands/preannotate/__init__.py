"""``boxocr preannotate``: reads tasks by the thousand on all cores, in runs that can be stopped and resumed."""
