"""The table of foundation models: networks trained on millions of images, frozen or fine-tuned."""

from typing import NamedTuple

from skmedimg.networks._backbone_table import HALF, IMAGENET

CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_META = "https://dl.fbaipublicfiles.com/dinov2"
_XRV = "https://github.com/mlmed/torchxrayvision/releases/download/v1"


class FoundationRow(NamedTuple):
    """One published foundation model. Its weights are never downloaded: `files` say where they are.

    Attributes
    ----------
    network : str
        "timm:NAME", or the name of a convolutional network of `BACKBONES`.
    options : dict
        Keyword arguments of `timm.create_model`.
    layouts : tuple of str
        Layouts of the published files besides that of the network itself, as in `KEY_MAPS`.
    mean, std : tuple of float
        Subtracted from, and divided into, images in [0, 1]. Together they give the range of
        intensities of the publication: .5 and 1 / 2048 make it -1024 to 1024.
    size : int
        Side of the images that the network was trained on.
    minimum : int
        Smallest side of an image.
    pooling : {"avg", "cls", "cls+avg", "own"}
        What the authors train linear classifiers on; "own" is the network's own pooling layer.
    files : tuple of str
        "hf:OWNER/NAME/FILE" on huggingface.co, or a URL.
    megabytes : int
        Size of the first file.
    license, citation : str
    terms : str
        Page where the license has to be accepted before downloading; "" where nobody asks.
    convert : str
        Python that makes a file of tensors from the published one; "" where that is one.
    channels : {3, 1}
        Channels of the first convolution; 1 turns color into gray.
    """

    network: str
    layouts: tuple
    files: tuple
    megabytes: int
    license: str
    citation: str
    options: dict = {}
    mean: tuple = IMAGENET[0]
    std: tuple = IMAGENET[1]
    size: int = 224
    minimum: int = 1
    pooling: str = "cls"
    terms: str = ""
    convert: str = ""
    channels: int = 3


def _dinov2(letter, width, registers, megabytes):
    """Return the row of one DINOv2."""
    reg = "_reg4" if registers else ""
    name = f"dinov2_vit{letter}14"
    hub = f"facebook/dinov2{'-with-registers' if registers else ''}-{width}"
    return FoundationRow(
        f"timm:vit_{width}_patch14{reg}_dinov2",
        ("dinov2", "transformers dinov2"),
        (f"hf:{hub}/model.safetensors", f"{_META}/{name}/{name}{reg}_pretrain.pth"),
        megabytes,
        "Apache 2.0",
        # https://github.com/facebookresearch/dinov2: license, sizes of images and patches, files;
        # its hub/classifiers.py trains linear heads on the class token and the mean of the patches
        "Oquab et al. (2024), DINOv2: learning robust visual features without supervision. TMLR. "
        "https://doi.org/10.48550/arXiv.2304.07193",
        options={"img_size": 518},
        size=224,
        minimum=14,
        pooling="cls+avg",
    )


def _retfound(kind):
    """Return the row of RETFound of one kind of images."""
    return FoundationRow(
        "timm:vit_large_patch16_224",
        ("mae",),
        (f"hf:YukunZhou/RETFound_mae_nature{kind}/RETFound_mae_nature{kind}.pth",),
        3950,
        "CC BY-NC 4.0",
        # https://github.com/rmaphoh/RETFound_MAE: models_vit.py pools the patches before the norm,
        # latent_feature.ipynb gives that norm no weights, util/datasets.py has mean and std
        "Zhou et al. (2023), A foundation model for generalizable disease detection from retinal "
        "images. Nature. https://doi.org/10.1038/s41586-023-06555-x",
        options={"global_pool": "avg"},
        minimum=16,
        pooling="avg",
        terms=f"https://huggingface.co/YukunZhou/RETFound_mae_nature{kind}",
    )


# https://github.com/BMEII-AI/RadImageNet: pytorch_example.ipynb has names, mean and std, and
# pools by averaging. The files on huggingface.co are those of its RadImageNet_pytorch.zip.
_RADIMAGENET = FoundationRow(
    "resnet50",
    ("radimagenet resnet",),
    ("hf:Lab-Rasool/RadImageNet/ResNet50.pt",),
    94,
    "MIT (code); see radimagenet.com for the data",
    "Mei et al. (2022), RadImageNet: an open radiologic deep learning research dataset for "
    "effective transfer learning. Radiology: Artificial Intelligence. "
    "https://doi.org/10.1148/ryai.210315",
    mean=HALF[0],
    std=HALF[1],
    pooling="avg",
)

FOUNDATION = {
    "dinov2_vits14": _dinov2("s", "small", False, 88),
    "dinov2_vits14_reg": _dinov2("s", "small", True, 88),
    "dinov2_vitb14": _dinov2("b", "base", False, 346),
    "dinov2_vitb14_reg": _dinov2("b", "base", True, 346),
    "dinov3_vits16": FoundationRow(
        "timm:vit_small_patch16_dinov3_qkvb",
        ("dinov3", "transformers dinov3", "timm dinov3"),
        (
            "hf:facebook/dinov3-vits16-pretrain-lvd1689m/model.safetensors",
            "hf:timm/vit_small_patch16_dinov3.lvd1689m/model.safetensors",
            "https://dl.fbaipublicfiles.com/dinov3/dinov3_vits16/"
            "dinov3_vits16_pretrain_lvd1689m-08c60483.pth",
        ),
        86,
        "DINOv3 License (https://ai.meta.com/resources/models-and-libraries/dinov3-license)",
        # https://huggingface.co/facebook/dinov3-vits16-pretrain-lvd1689m: license, 224 pixels, "a
        # linear layer applied on the class token and the average of the patch tokens"
        "Siméoni et al. (2025), DINOv3. https://doi.org/10.48550/arXiv.2508.10104",
        minimum=16,
        pooling="cls+avg",
        terms="https://huggingface.co/facebook/dinov3-vits16-pretrain-lvd1689m",
    ),
    "rad_dino": FoundationRow(
        "timm:vit_base_patch14_dinov2",
        ("dinov2", "transformers dinov2"),
        (
            "hf:microsoft/rad-dino/model.safetensors",
            "hf:microsoft/rad-dino/backbone_compatible.safetensors",
        ),
        346,
        "MIT (earlier revisions: MSRLA)",
        # https://huggingface.co/microsoft/rad-dino: license, "a classifier trained on top of the
        # CLS token"; its preprocessor_config.json has size, mean and std
        "Pérez-García et al. (2025), Exploring scalable medical image encoders beyond text "
        "supervision. Nature Machine Intelligence. https://doi.org/10.1038/s42256-024-00965-w",
        options={"img_size": 518},
        mean=(0.5307,) * 3,
        std=(0.2583,) * 3,
        size=518,
        minimum=14,
    ),
    "biomedclip": FoundationRow(
        "timm:vit_base_patch16_224",
        ("open_clip",),
        (
            "hf:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224/"
            "open_clip_pytorch_model.bin",
        ),
        784,
        "MIT",
        # https://huggingface.co/microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224: license;
        # its open_clip_config.json has timm's network, mean and std, and no pooling but the CLS
        # token. The file holds the text tower too, which is left out.
        "Zhang et al. (2025), A multimodal biomedical foundation model trained from fifteen "
        "million image-text pairs. NEJM AI. https://doi.org/10.48550/arXiv.2303.00915",
        mean=CLIP[0],
        std=CLIP[1],
        minimum=16,
    ),
    "medsiglip": FoundationRow(
        "timm:vit_so400m_patch14_siglip_384",
        ("transformers siglip",),
        ("hf:google/medsiglip-448/model.safetensors",),
        3510,
        "Health AI Developer Foundations terms of use",
        # https://developers.google.com/health-ai-developer-foundations/medsiglip/model-card:
        # license, 448 pixels; mean and std are those of transformers.SiglipImageProcessor, and
        # what its linear probe takes is the pooled output. The text tower is left out.
        "Sellergren et al. (2025), MedGemma technical report. "
        "https://doi.org/10.48550/arXiv.2507.05201",
        options={"img_size": 448, "act_layer": "gelu_tanh"},
        mean=HALF[0],
        std=HALF[1],
        size=448,
        minimum=14,
        pooling="own",
        terms="https://huggingface.co/google/medsiglip-448",
    ),
    "uni": FoundationRow(
        "timm:vit_large_patch16_224",
        (),
        # the same repository: the cache knows it by the name that was asked for
        ("hf:MahmoodLab/UNI/pytorch_model.bin", "hf:MahmoodLab/uni/pytorch_model.bin"),
        1213,
        "CC BY-NC-ND 4.0, for academic research only",
        # https://github.com/mahmoodlab/UNI: license, timm's network, 224 pixels, mean and std
        "Chen et al. (2024), Towards a general-purpose foundation model for computational "
        "pathology. Nature Medicine. https://doi.org/10.1038/s41591-024-02857-3",
        options={"init_values": 1e-5},
        minimum=16,
        terms="https://huggingface.co/MahmoodLab/UNI",
    ),
    "retfound_cfp": _retfound("CFP"),
    "retfound_oct": _retfound("OCT"),
    "radimagenet_resnet50": _RADIMAGENET,
    "radimagenet_densenet121": _RADIMAGENET._replace(
        network="densenet121",
        layouts=("radimagenet densenet",),
        files=("hf:Lab-Rasool/RadImageNet/DenseNet121.pt",),
        megabytes=28,
        minimum=29,
    ),
    "torchxrayvision_densenet121": FoundationRow(
        "densenet121",
        ("torchxrayvision",),
        (
            f"{_XRV}/nih-pc-chex-mimic_ch-google-openi-kaggle-densenet121-d121-tw-lr001-rot45-"
            "tr15-sc15-seed0-best.pt",
        ),
        28,
        "Apache 2.0",
        # torchxrayvision 1.5.7: models.py has the file and the network, utils.normalize the range
        "Cohen et al. (2022), TorchXRayVision: a library of chest X-ray datasets and models. MIDL. "
        "https://doi.org/10.48550/arXiv.2111.00595",
        mean=(0.5,),
        std=(1 / 2048,),
        minimum=29,
        pooling="avg",
        channels=1,
        convert="torch.save(torchxrayvision.models.DenseNet(weights='densenet121-res224-all')"
        ".state_dict(), 'torchxrayvision_densenet121.pth')",
    ),
}
