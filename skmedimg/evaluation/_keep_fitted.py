"""Keep fitted models of a comparison in memory: whole pipelines, whatever the folds shared."""

from skmedimg._progress import FitProgress
from skmedimg.evaluation._external_sets import facts_of
from skmedimg.evaluation.running._final_fit import KeptModels, fit_final
from skmedimg.evaluation.running._shared_steps import whole_model


def keep_fitted(named, X, targets, tasks, fold_results, settings, found):
    """Return KeptModels: fitted on all samples and, where they are to be kept, those of folds."""
    how = {name: getattr(settings, name) for name in ("seed", "n_jobs", "error_score")}
    with FitProgress(settings.progress.verbose) as progress:
        final, failures = fit_final(tasks, targets.groups, progress, **how)
    whole = {
        name: whole_model(named[name], model, X) if name in named else model
        for name, model in final.items()
    }
    folds = None
    if settings.keep_models:
        folds = {
            name: tuple(
                None if each.failed else whole_model(named[name], each.model, X)
                for each in fold_results[name]
            )
            for name in named
        }
    return KeptModels(whole, failures, folds, settings.scorers, facts_of(X, found))
