"""
Compare models, and read what may be concluded
==============================================

Are histograms of oriented gradients (HOG) with a small network enough, or does a network on raw
pixels find more? ``compare`` trains and tests all of them on the same folds, keeps the images of a
patient together, adds a baseline that ignores the images, and says what may be concluded.
"""

# %%
# Sixty synthetic patients with three images each, half of the patients with a lesion.

from skmedimg import HOG, Pipeline, ScratchCNN, ShallowMLP, compare
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import PredictionGallery

data = make_lesions(180, size=24, patients=60, noise=0.1, random_state=0)
result = compare(
    {
        "HOG + MLP": Pipeline([HOG(pixels_per_cell=(6, 6)), ShallowMLP(max_epochs=15)]),
        "MLP": ShallowMLP(max_epochs=15),
        "small CNN": ScratchCNN(filters=(8, 16), max_epochs=15),
    },
    data.images, data.target, groups=data.groups, repeats=2, random_state=0, verbose=0,
)  # fmt: skip
print(result)

# %%
# The table has every score with its interval: the score to be expected after training on other
# patients, and testing on new ones.

result.summary(metrics=["balanced_accuracy", "roc_auc"])

# %%
# A forest plot shows the same. The baseline ignores the images.

result.plot("scores")

# %%
# A difference between two means may be chance. These are the conclusions that the data allow, and
# the differences that a study of this size would have found.

print(result.tests(reference="small CNN"))

# %%
# The curves of training, fold by fold, and the errors of the best model:

result.plot("curves", name="small CNN")

# %%

result.plot("confusion", name=result.summary().index[0])

# %%
# ROC curves with the spread over the folds; probabilities of different folds are never pooled.

result.plot("roc")

# %%
# Precision against recall, which says more if few patients have the disease:

result.plot("precision-recall")

# %%
# The most confident mistakes of the best model. Often the label is wrong, or the image shows
# something else.

best = result.summary().index[0]
PredictionGallery.from_comparison(result, data.images, best, n=6)

# %%
# What each model costs:

result.plot("cost")

# %%
# A patient gets one diagnosis: the same comparison with one row per patient.

result.by_patient("mean").summary(metrics=["balanced_accuracy", "roc_auc"])
