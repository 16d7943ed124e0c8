"""The bibliography, from the References sections of the docstrings and a list of guidelines."""

import re
from pathlib import Path

import skmedimg

PACKAGE = Path(skmedimg.__file__).parent
DOI = re.compile(r"(?:https://doi\.org/|\bdoi:\s*|\bDOI )(10\.\d{4,}/\S+)", re.IGNORECASE)
ENTRY = re.compile(r"^ *\.\. \[\d+\] (.*?)(?=^ *\.\. \[|^ *$|^ *\"\"\")", re.MULTILINE | re.DOTALL)
HEAD = """\
# Bibliography

The papers behind the methods of this package. The [API reference](../api.md) cites them where
they are used.

## Reporting guidelines

- Collins, Moons, Dhiman et al. (2024). TRIPOD+AI statement: updated guidance for reporting
  clinical prediction models that use regression or machine learning methods. BMJ 385, e078378.
  <https://doi.org/10.1136/bmj-2023-078378>
- Mongan, Moy, Kahn (2020). Checklist for Artificial Intelligence in Medical Imaging (CLAIM): a
  guide for authors and reviewers. Radiology: Artificial Intelligence 2, e200029.
  <https://doi.org/10.1148/ryai.2020200029>
- Tejani, Klontzas, Gatti et al. (2024). Checklist for Artificial Intelligence in Medical
  Imaging (CLAIM): 2024 update. Radiology: Artificial Intelligence 6, e240300.
  <https://doi.org/10.1148/ryai.240300>
- Bossuyt, Reitsma, Bruns et al. (2015). STARD 2015: an updated list of essential items for
  reporting diagnostic accuracy studies. BMJ 351, h5527. <https://doi.org/10.1136/bmj.h5527>
- Maier-Hein, Reinke, Godau et al. (2024). Metrics reloaded: recommendations for image analysis
  validation. Nature Methods 21, 195-212. <https://doi.org/10.1038/s41592-023-02151-z>

## Foundations

- Pedregosa, Varoquaux, Gramfort et al. (2011). Scikit-learn: machine learning in Python.
  Journal of Machine Learning Research 12, 2825-2830.
  <https://jmlr.org/papers/v12/pedregosa11a.html>
- Paszke, Gross, Massa et al. (2019). PyTorch: an imperative style, high-performance deep
  learning library. NeurIPS. <https://doi.org/10.48550/arXiv.1912.01703>
- van der Walt, Schönberger, Nunez-Iglesias et al. (2014). scikit-image: image processing in
  Python. PeerJ 2, e453. <https://doi.org/10.7717/peerj.453>
- Hanley, McNeil (1982). The meaning and use of the area under a receiver operating
  characteristic (ROC) curve. Radiology 143, 29-36.
  <https://doi.org/10.1148/radiology.143.1.7063747>
- Kermany, Goldbaum, Cai et al. (2018). Identifying medical diagnoses and treatable diseases by
  image-based deep learning. Cell 172, 1122-1131. <https://doi.org/10.1016/j.cell.2018.02.010>

## Methods

"""


def page():
    """Return the page as Markdown.

    Returns
    -------
    text : str
    """
    return HEAD + "".join(f"- {entry}\n" for entry in entries())


def entries():
    """Return the references of the package, sorted, each work once.

    Returns
    -------
    entries : list of str
    """
    texts = (path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    found = {}
    for entry in (" ".join(match.split()) for text in texts for match in ENTRY.findall(text)):
        key = DOI.search(entry)
        found.setdefault(key[1].rstrip(".").lower() if key else entry.lower(), entry)
    return sorted((_linked(entry) for entry in found.values()), key=_sort_key)


def _linked(entry):
    """Return an entry with every address as a link, the DOI as one too."""
    entry = DOI.sub(lambda match: f"https://doi.org/{match[1]}", entry.replace("*", "\\*"))
    return re.sub(r"https://[^\s>]*[^\s>.,]", lambda match: f"<{_escaped(match[0])}>", entry)


def _escaped(address):
    return address.replace("<", "%3C").replace(">", "%3E")


def _sort_key(entry):
    """Return the first author's last name, of "L. R. Dice" and of "Youden, W. J." alike."""
    first = re.split(r",| and | et al|\. \"", entry)[0]
    words = [word for word in first.split() if not re.fullmatch(r"(\w\.?-?)+\.", word)]
    return (words or [first])[-1].lower() if "(" not in first else first.lower()
