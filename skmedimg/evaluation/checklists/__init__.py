"""Reporting checklists, and paragraphs for a paper, from the facts of a comparison."""
