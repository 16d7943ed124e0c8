"""Chest X-rays of report 000: what may explain its test accuracies of .913 and .899?

`SKMEDIMG_DATA=FOLDER python -m bench.studies.report_000 [--side 64] [--seeds 0 1] [--epochs 40]`
trains `chest/cnn1-relu-sigmoid` and `chest/cnn2` on the official training images and scores the
624 test images after every epoch, as the report's curves do. One fit shows what the last epoch
has, what the best one has (the test set chooses), and what few steps have; "rescaled twice" divides
the pixels by 255 two times, as a generator that scales does to a network with a scaling layer.
Each fit is one line of a file; `--table` prints them.
"""

import numpy as np

from bench.studies import read_records, run_cases, study_parser
from bench.studies._image_sets import files

NAME = "report_000"
RECIPES = {"chest/cnn1-relu-sigmoid": "gray", "chest/cnn2": "rgb"}
VARIANTS = ("as described", "rescaled twice")


def main():
    parser = study_parser(__doc__, [0])
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    path = options.out / f"{NAME}.jsonl"
    if options.table:
        print(table(read_records(path)))
        return
    sizes = {"side": options.side, "epochs": options.epochs}
    cases = (
        {"recipe": recipe, "variant": variant, "seed": seed} | sizes
        for seed in options.seeds
        for variant in options.variants
        for recipe in options.recipes
    )
    run_cases(path, key_of, cases, curves)


def key_of(line):
    return tuple(line[name] for name in ("recipe", "variant", "seed", "side", "epochs"))


def curves(line):
    """Return the accuracy and loss on the test images after every epoch."""
    from skmedimg.recipes import load_recipe

    (X, y), (X_test, y_test) = (
        files(f"chest_pneumonia/{part}", line["side"]) for part in ("train", "test")
    )
    if RECIPES[line["recipe"]] == "rgb":
        X, X_test = (np.repeat(images[..., None], 3, axis=3) for images in (X, X_test))
    if line["variant"] == "rescaled twice":
        X, X_test = (images / np.float32(255**2) for images in (X, X_test))
    network = load_recipe(line["recipe"]).named_steps["model"]
    network.set_params(random_state=line["seed"], max_epochs=line["epochs"])
    network.fit(X, y, X_val=X_test, y_val=y_test)
    history = network.history_
    return {
        "accuracy": [round(epoch["valid_score"], 4) for epoch in history],
        "loss": [round(epoch["valid_loss"], 3) for epoch in history],
    }


def table(lines):
    """Return the accuracies that one could have reported from each fit, as Markdown."""
    rows = ["| recipe | run | last epoch | best epoch on the test images | epochs 1 to 4 |"]
    rows += ["|---|---|---|---|---|"]
    for line in sorted(lines, key=key_of):
        accuracy, loss = np.array(line["accuracy"]), line["loss"]
        best = int(accuracy.argmax())
        early = ", ".join(f"{value:.3f}" for value in accuracy[:4])
        rows.append(
            f"| {line['recipe']} | {line['variant']}, {line['side']} pixels, seed {line['seed']} | "
            f"{accuracy[-1]:.3f} (loss {loss[-1]:.2f}) | {accuracy[best]:.3f} (loss "
            f"{loss[best]:.2f}, epoch {best + 1} of {len(accuracy)}) | {early} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
