"""Text of tables and sentences that several outputs share."""


def counted(things, noun, verb=None):
    """Return how many things there are as words, such as "1 split" or "2 pictures are"."""
    n = len(things) if hasattr(things, "__len__") else int(things)
    one = n == 1
    words = f"{n} {noun}" if one else f"{n} {noun}s"
    return words if verb is None else f"{words} {verb[0] if one else verb[1]}"


def lay_out(rows):
    """Return rows of text aligned in columns, the first to the left and the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def capitalized(title):
    """Return a title that starts with a capital letter; the rest stays, as in "ROC AUC"."""
    return title[:1].upper() + title[1:]
