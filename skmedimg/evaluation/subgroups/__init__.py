"""Patient columns: scores of subgroups, and the table of characteristics."""
