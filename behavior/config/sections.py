"""The base of every section of a study file, the kinds of numbers in it, and the sections without a module of their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from behavior.errors import UsageError
from behavior.frame_times import HIGHEST_RATE

__all__ = [
    "LONGEST",
    "Backbone",
    "Clips",
    "Convnet",
    "Count",
    "Crop",
    "CrossValidation",
    "FeatureSteps",
    "Fraction",
    "Normalization",
    "PoseFiles",
    "Positive",
    "Sampling",
    "Seconds",
    "Section",
    "Training",
    "WindowLength",
    "Windows",
]

# Arrays count in 32 bits at least, and no recording is that long.
LONGEST = 2**31 - 1

Positive = Annotated[int, Field(ge=1, le=LONGEST)]
Count = Annotated[int, Field(ge=0, le=LONGEST)]
# A window is held in memory with all of its features.
_LONGEST_WINDOW = 100_000
WindowLength = Annotated[int, Field(ge=1, le=_LONGEST_WINDOW)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]
_Color = Annotated[float, Field(ge=0, le=1)]
_Spread = Annotated[float, Field(gt=0, le=1)]
# No network looks at larger ones, and a batch of them is held in memory.
_LARGEST_INPUT = 2048
# In place of the names of other animals.
NEAREST = "nearest"
_LATER_BACKBONE_KEYS = {"pooling", "input_size", "clip", "convnet"}
_TORCH_NAMES, _CONVNET = ("timm/", "transformers/"), "convnet"


class Section(BaseModel):
    """A part of a study file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Crop(Section):
    """The part of each frame that is used: a square around the animal, or the whole frame."""

    body_part: str | list[str] | None = Field(
        default=None,
        description="Body part at the centre of the crop; of a list, the mean. Required unless `whole_frame` is true.",
        examples=["midbody", ["leftear", "rightear"]],
    )
    size: Annotated[int, Field(ge=8)] = Field(default=160, description="Side of the square, in pixels of the video.", examples=[160])
    min_likelihood: Fraction = Field(
        default=0.6,
        description="Points below this likelihood, missing points and points at (0, 0) are filled in from their neighbours in time.",
        examples=[0.6],
    )
    whole_frame: bool = Field(default=False, description="Use the whole frame. No pose is needed then.", examples=[True])
    individual: str | None = Field(default=None, description="Name of the animal in multi-animal pose.", examples=["mouse1"])
    pose_scale: tuple[float, float, Annotated[float, Field(gt=0)]] | None = Field(
        default=None,
        description="For a pose that is not in pixels (EthoVision): where its origin lies in the picture (x and y in pixels from the upper "
        "left corner), and how many pixels one of its units has. Such a pose has y upwards.",
        examples=[[320, 240, 8.5]],
    )
    body_axis: tuple[str, str] | None = Field(
        default=None, description="Two body parts, the one nearer to the tail first.", examples=[["tailbase", "neck"]]
    )
    egocentric: bool = Field(
        default=False, description="Turn each crop so that `body_axis` points up. `body_axis` is required then.", examples=[True]
    )

    @model_validator(mode="after")
    def _needs_a_place(self) -> Crop:
        if not self.whole_frame and not self.body_parts:
            raise ValueError("body_part is missing; name the body part that a crop is centred on, or set whole_frame: true")
        if self.egocentric and self.whole_frame:
            raise ValueError("egocentric turns the crop around the animal, and whole_frame: true has none; leave one of the two out")
        if self.egocentric and self.body_axis is None:
            raise ValueError(
                "egocentric needs a body axis; name two body parts, the one nearer to the tail first: body_axis: [tailbase, neck]"
            )
        if self.body_axis is not None and self.body_axis[0].casefold() == self.body_axis[1].casefold():
            raise ValueError(f"both ends of body_axis are {self.body_axis[0]!r}; name two body parts, the one nearer to the tail first")
        return self

    @property
    def body_parts(self) -> tuple[str, ...]:
        """The body parts whose mean is the centre of a crop."""
        if self.body_part is None:
            return ()
        return (self.body_part,) if isinstance(self.body_part, str) else tuple(self.body_part)


class PoseFiles(Section):
    """How pose files are read."""

    coordinates: Literal["auto", "upright", "stored"] = Field(
        default="auto",
        description="Where a video's metadata turn its picture: whether the pose is in pixels of the `upright` picture, or of the `stored` "
        "one, as readers give it that ignore the metadata; it is turned upright then. `auto` finds out by the points within the picture "
        "and by what moves there, and is an error where these do not tell.",
        examples=["stored"],
    )
    fps: Annotated[float, Field(gt=0, le=HIGHEST_RATE)] | None = Field(
        default=None,
        description="Frames per second of recordings without a video, where neither the pose file (NWB, SLEAP, EthoVision) nor the "
        "manifest's column `fps` says it.",
        examples=[30],
    )
    others: str | list[str] | None = Field(
        default=None,
        description="Other animals whose place, movement and posture, seen from the animal of the recording, the stream `pose` describes "
        "too: names in the pose file, each with its own columns in this order (the recording's own animal is left out of the list), or "
        "`nearest`, the one of all others that is nearest in each frame.",
        examples=[["intruder"], "nearest"],
    )

    @field_validator("others")
    @classmethod
    def _others_are_named_once(cls, others: str | list[str] | None) -> str | list[str] | None:
        names = [others] if isinstance(others, str) else others
        if names is not None and (not names or any(not name.strip() for name in names)):
            raise ValueError("names no animal; name others as the pose file does, write nearest, or leave it out")
        if names is not None and len({name.casefold() for name in names}) < len(names):
            raise ValueError(f"{', '.join(names)}: names an animal twice; name each once")
        return others

    @property
    def other_names(self) -> tuple[str, ...]:
        """The other animals that are named; none where it is the nearest, or none are asked for."""
        if self.others is None or self.others == NEAREST:
            return ()
        return (self.others,) if isinstance(self.others, str) else tuple(self.others)


class Normalization(Section):
    """The colors that a network of your own expects: divided by 255, less `mean`, over `std`, in the order red, green, blue."""

    mean: tuple[_Color, _Color, _Color] = Field(description="Mean of red, green and blue, from 0 to 1.", examples=[[0.5, 0.5, 0.5]])
    std: tuple[_Spread, _Spread, _Spread] = Field(
        description="Standard deviation of red, green and blue, from 0 to 1.", examples=[[0.5, 0.5, 0.5]]
    )


class Clips(Section):
    """What a network on clips sees: `frames` crops around each frame. Beyond the ends of the video, the last one is repeated."""

    frames: Annotated[int, Field(ge=2, le=512)] | None = Field(
        default=None, description="Crops in a clip. Without it, the network's own number.", examples=[16]
    )
    stride: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="Frames from one crop of a clip to the next; with `sampling`, frames that are sampled.", examples=[2]
    )


class Convnet(Section):
    """Sizes of the backbone `convnet`, which is trained from scratch."""

    filters: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=8)] = Field(
        default=[16, 32, 64, 128],
        description="Filters of each block; a block halves the side of the picture. The last number is the length of the vector.",
        examples=[[16, 32, 64]],
    )
    kernel_size: Annotated[int, Field(ge=1, le=15)] = Field(default=3, description="Side of each convolution in pixels.", examples=[5])
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.1, description="Share of the maps of each block but the first that a training step leaves out.", examples=[0.2]
    )


class Backbone(Section):
    """The network that embeds a crop, and what runs it."""

    name: str = Field(
        default="resnet50v2",
        description="A name that `behavior backbones` lists; `timm/NAME` for a network of timm; `transformers/NAME` for one of "
        "transformers that looks at clips, such as VideoMAE or V-JEPA 2; `convnet` for a small one that `behavior finetune` "
        "trains from scratch; or `file` for a network of your own, from an image or a clip to a vector.",
        examples=["openfield", "timm/vit_small_patch14_dinov2.lvd142m"],
    )
    weights: str = Field(
        default="imagenet",
        description="`imagenet` (Keras downloads them once), `pretrained` (what networks of timm and transformers have, and their default; "
        "the library downloads them once), `packaged` (openfield only), `random` (for tests, and `convnet` before it is trained; prints a "
        "warning), or the path of a weights file, of networks of timm a `.safetensors` file, of transformers a folder; with `name: file`, "
        "the network itself: a `.keras`, `.onnx` or OpenVINO `.xml` file.",
        examples=["packaged", "../lab.keras"],
    )
    preprocessing: Literal["raw", "symmetric", "caffe", "torch"] | Normalization | None = Field(
        default=None,
        description="How RGB values from 0 to 255 are scaled before the network: unchanged, to -1 to 1, as in Caffe (BGR, ImageNet mean "
        "subtracted), as in PyTorch (ImageNet mean and standard deviation), or with a `mean` and `std` of your own, of values from 0 to 1. "
        "Without it, the backbone's own.",
        examples=["torch", {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}],
    )
    pooling: Literal["cls", "mean", "both"] | None = Field(
        default=None,
        description="How the vectors that a network makes of the parts of an image become one: `cls` takes the one of the whole image, "
        "which transformers put first, `mean` the mean over all parts, `both` the two side by side. Without it, the network's own.",
        examples=["mean"],
    )
    input_size: Annotated[int, Field(ge=8, le=_LARGEST_INPUT)] | None = Field(
        default=None,
        description="Side of the network's input in pixels, for networks that take images of several sizes; others have one of their own.",
        examples=[224],
    )
    clip: Clips | None = Field(
        default=None, description="What a network on clips sees; the number of frames is its own without it.", examples=[{"stride": 2}]
    )
    convnet: Convnet | None = Field(
        default=None, description="Sizes of the network `convnet`, where its weights are not a file.", examples=[{"filters": [16, 32, 64]}]
    )
    engine: Literal["auto", "keras", "openvino", "torch"] = Field(
        default="auto",
        description="What runs the network. `auto` is a GPU through Keras, or PyTorch for networks of timm and transformers, if there is "
        "one, else OpenVINO.",
        examples=["openvino"],
    )
    precision: Literal["auto", "float32", "bfloat16", "int8"] = Field(
        default="auto",
        description="Precision of the computation. `auto` is bfloat16 if the processor supports it natively, else float32.",
        examples=["float32"],
    )
    batch_size: Positive = Field(
        default=32,
        description="Crops, or clips, that are embedded at once; clips of many frames need a smaller number on a GPU.",
        examples=[32],
    )

    @model_validator(mode="before")
    @classmethod
    def _default_weights(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "weights" in content:
            return content
        name = str(content.get("name", ""))
        usual = "pretrained" if name.startswith(_TORCH_NAMES) else "random" if name == _CONVNET else None
        return content if usual is None else {**content, "weights": usual}

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keys that earlier versions lacked have no part in digests where they are not set, so that what these made is still known."""
        content: dict[str, Any] = serialize(self)
        return {key: value for key, value in content.items() if value is not None or key not in _LATER_BACKBONE_KEYS}


class FeatureSteps(Section):
    """What is done to features before a head reads them, fitted on the training recordings of each fold alone."""

    average: Positive = Field(
        default=1,
        description="The head gets one vector for this number of frames, their mean. 5 means a fifth of the work, which is enough if the "
        "camera is much faster than the behavior.",
        examples=[5],
    )
    standardize: bool | Literal["quantiles"] = Field(
        default=False,
        description="`true` divides each feature by its standard deviation. `quantiles` first replaces each one that is not of "
        "`appearance` by its normal score: how the frame ranks among the training frames, so that low speeds are told apart although some "
        "are very high. Use either with several streams, or with `motion` or `pose` alone.",
        examples=["quantiles"],
    )
    pca: int | float | None = Field(
        default=None,
        description="Number of principal components to keep, or the share of variance that they have to explain.",
        examples=[64, 0.95],
    )

    @field_validator("pca", mode="before")
    @classmethod
    def _number_or_share(cls, pca: Any) -> Any:
        is_number = isinstance(pca, int | float) and not isinstance(pca, bool)
        if pca is not None and not (is_number and (0 < pca < 1 or (isinstance(pca, int) and pca >= 1))):
            raise ValueError(
                f"found {pca!r}; give a whole number of components such as 64, or a share of variance between 0 and 1 such as 0.95"
            )
        return pca


class Sampling(Section):
    """Fewer frames than the video has: one rate for videos of any rate, and less to compute. Without this section, every frame is used."""

    fps: Annotated[float, Field(gt=0, le=1000)] = Field(
        description="Frames a second that are cropped and embedded, and that a head reads: those nearest to a grid of this rate in time. "
        "Behaviors that last half a second need about 10. A video that is slower gives each of its frames once. Probabilities and bouts "
        "are of every frame of the video all the same, by interpolation in time.",
        examples=[10],
    )


class Windows(Section):
    """The stretches of a recording that a head reads at once. Windows never cross recordings."""

    length: WindowLength = Field(
        default=300, description="Length of a window in frames; with `sampling`, in frames that are sampled.", examples=[600]
    )
    length_s: Annotated[float, Field(gt=0, le=LONGEST)] | None = Field(
        default=None, description="The same in seconds, instead of `length`.", examples=[30]
    )

    @model_validator(mode="after")
    def _frames_or_seconds(self) -> Windows:
        # A study file that was written out has the default.
        if self.length_s is not None and self.length != Windows.model_fields["length"].default:
            raise ValueError("length and length_s are both given; keep one of them")
        return self

    def count_vectors(self, rate: float, *, average: int = 1) -> int:
        """Return the length of a window in vectors, of which there are `rate` a second, each the mean of `average` frames.

        Raises
        ------
        UsageError
            If a window of so many seconds is too long to be held in memory.
        """
        if self.length_s is None:
            return max(self.length // average, 1)
        count = max(round(self.length_s * rate), 1)
        if count > _LONGEST_WINDOW:
            raise UsageError(
                f"windows.length_s {self.length_s:g} is {count:,} vectors at {rate:.4g} a second, expected at most {_LONGEST_WINDOW:,}; "
                "make it shorter."
            )
        return count


class Training(Section):
    """How heads are trained: Adam on binary cross-entropy, all folds and behaviors side by side."""

    learning_rate: Annotated[float, Field(gt=0)] = Field(default=0.001, description="Learning rate of Adam.", examples=[0.001])
    batch_size: Positive = Field(default=8, description="Windows in a training step.", examples=[8])
    epochs: Positive = Field(default=50, description="Largest number of epochs.", examples=[50])
    patience: Positive = Field(
        default=5, description="Training stops after this number of epochs without a better validation score.", examples=[5]
    )
    class_weights: Literal["balanced", "none"] = Field(
        default="balanced", description="`balanced` weighs the frames of a rare behavior up.", examples=["none"]
    )
    seed: Count = Field(default=0, description="Seed of weights, order and dropout. Same seed, same machine: same numbers.", examples=[0])
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="float32",
        description="`bfloat16` halves the digits of products, for processors that support it natively; `auto` tries whether it is faster.",
        examples=["auto"],
    )
    memory_gib: Annotated[float, Field(gt=0)] = Field(
        default=3.0, description="Memory for models that train side by side, in GiB; they train in groups that fit it.", examples=[3.0]
    )


class CrossValidation(Section):
    """What a fold leaves out, and what stops its training."""

    leave_out: Literal["recording", "animal"] = Field(
        default="recording",
        description="`recording` leaves out one recording, and with it those of other individuals in its video. `animal` leaves out all "
        "recordings of an animal (the manifest's column `animal`) at once, and trains on nothing else of their videos.",
        examples=["animal"],
    )
    early_stopping_on: Literal["inner", "fold"] = Field(
        default="inner",
        description="`inner` stops on a validation recording taken from the training recordings. `fold` stops on the recording that is "
        "then scored, which is optimistic: the reference thesis's protocol, and every table says so.",
        examples=["fold"],
    )
