"""The arguments of the command compare."""

from skmedimg.cli._command_files import add_folder_arguments, parse_jobs, parse_share

FOLDS = 5


def add_compare_arguments(parser):
    """Add the arguments of compare to its parser."""
    add_folder_arguments(parser, optional=True)
    # None where a default would hide that --demo does not use the argument
    parser.add_argument(
        "--models",
        metavar="NAMES",
        help="comma-separated models: hog-mlp, hog-linear, mlp, cnn, a pretrained backbone, "
        "which `skmedimg backbones` lists, timm:NAME, or a recipe, which `skmedimg recipes` lists "
        "(default: hog-mlp, cnn, and efficientnet_lite0 if its weights are installed)",
    )
    parser.add_argument(
        "--weights",
        action="append",
        metavar="[NAME=]FILE",
        help="weights of a pretrained backbone, such as resnet18=weights.pth, where they are not "
        "to be downloaded; none: random weights. Repeat it for each of several",
    )
    parser.add_argument(
        "--sensitivity",
        type=parse_share,
        metavar="SHARE",
        help="choose the threshold of each model so that it finds this share of the positive "
        "class, such as 0.95, on training images that it was not fitted on; five more fits each",
    )
    parser.add_argument(
        "--site",
        metavar="PATTERN",
        help="leave out one hospital or scanner after the other: a regular expression that finds "
        "it in each path below FOLDER (the whole match, or what is in '(?P<site>...)'), or the "
        "column of a table",
    )
    parser.add_argument(
        "--columns",
        metavar="NAMES",
        help="comma-separated columns of a table, such as sex,age: the report describes the "
        "patients and scores their subgroups",
    )
    parser.add_argument(
        "--external",
        action="append",
        metavar="NAME=FOLDER",
        help="also score the models, fitted on all images of FOLDER, on those of another hospital, "
        "a folder or table that is read in the same way. Repeat it for each of several",
    )
    parser.add_argument(
        "--cv",
        type=int,
        metavar="N",
        help=f"number of folds (default: the folder's own train/test split, else {FOLDS})",
    )
    parser.add_argument(
        "--merge-validation",
        action="store_true",
        help="also train on the images of FOLDER/val, which are left out otherwise",
    )
    parser.add_argument(
        "--despite-errors",
        action="store_true",
        help="go on where duplicates of an image have different labels",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        metavar="N",
        help="number of repetitions of the K-fold, each shuffled differently (default: 5, or fewer "
        "for more than 1,000 patients)",
    )
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="height and width that images are resized to (default: 128)",
    )
    parser.add_argument(
        "--color", choices=["gray", "rgb"], help="color that images are read in (default: gray)"
    )
    parser.add_argument(
        "--positive",
        metavar="CLASS",
        help="of two classes, the one to detect, such as the disease",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="number of epochs of every network (default: each network's own)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="random seed of the folds and of training (default: 0)",
    )
    parser.add_argument(
        "--jobs",
        type=parse_jobs,
        default=1,
        metavar="N",
        help="number of fits at the same time, -1: one per core (default: 1)",
    )
    parser.add_argument(
        "--out",
        default="report.html",
        metavar="FILE",
        help="HTML report to write (default: report.html)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write all scores and predictions as JSON"
    )
    parser.add_argument(
        "--save",
        metavar="FILE",
        help="save the best model for the command predict",
    )
    parser.add_argument(
        "--save-on",
        choices=["train", "all"],
        default="all",
        help="images that the saved model is fitted on: all, or the training images of the first "
        "split alone, so that its scores on the others can be checked (default: all)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FOLDER",
        help="keep finished fits here; the same command continues after an interruption",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="use synthetic images of lesions instead of FOLDER; takes about 3 minutes",
    )
