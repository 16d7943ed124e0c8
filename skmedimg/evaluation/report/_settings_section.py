"""Last sections of a report: how to get it again, and how to read it."""


def settings_section(context):
    """Return settings, seeds and versions."""
    comparison = context.comparison
    return {
        "command": context.command,
        "call": f"{context.loading}\n{comparison.call}".strip(),
        "random_state": comparison.random_state,
        "digest": comparison.digest,
        "versions": comparison.versions,
        "estimators": comparison.estimators,
    }


def reading_section(context):
    """Return nothing: the words a reader needs are in the template alone."""
    return {}
