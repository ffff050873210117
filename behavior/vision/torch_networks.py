"""Networks of PyTorch, by name: those of timm look at images, those of transformers at clips. Only here are these libraries known.

Everything here runs in a process of its own, or where a GPU runs the network: PyTorch is not needed to use a network that was converted.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from behavior.errors import BehaviorError, UsageError, WeightsError, suggest_nearest
from behavior.files.opening import read_text
from behavior.vision.pooling import Pooling, plan_pooling
from behavior.vision.preprocessing import TORCH_MEAN, TORCH_SPREAD, ColorNormalization, find_steps

__all__ = [
    "LIBRARIES",
    "NAMED_WEIGHTS",
    "PRETRAINED",
    "TIMM",
    "WEIGHTS_SUFFIX",
    "TorchDescription",
    "TorchNetwork",
    "build_torch_network",
    "describe_torch_network",
    "require_library",
]

TIMM, TRANSFORMERS = "timm", "transformers"
LIBRARIES = (TIMM, TRANSFORMERS)
PRETRAINED, RANDOM = "pretrained", "random"
NAMED_WEIGHTS = (PRETRAINED, RANDOM)
WEIGHTS_SUFFIX = ".safetensors"
_SEED = 0
_MOST_CONFIG_BYTES = 2**20
_SAFETENSORS = "model.safetensors"


@dataclass(frozen=True)
class TorchNetwork:
    """A network of a library, and where its weights are from.

    Attributes
    ----------
    library
        "timm" or "transformers".
    name
        What the library calls it.
    weights
        "pretrained", "random", the path of a .safetensors file (timm), or of a folder with config.json and model.safetensors
        (transformers).
    input_size
        Side of its images in pixels, where it is not the library's.
    n_frames
        Frames of its clips, where they are not the library's.
    """

    library: str
    name: str
    weights: str
    input_size: int | None = None
    n_frames: int | None = None

    @property
    def title(self) -> str:
        """What a study file calls it."""
        return f"{self.library}/{self.name}"


@dataclass(frozen=True)
class TorchDescription:
    """What is known of a network that was built once.

    Attributes
    ----------
    input_size
        Side of its images in pixels.
    mean, spread
        Of its colors, from 0 to 1.
    n_frames
        Frames of its clips; None for a network on images.
    n_features, n_parameters
        Length of its own vector, and number of its weights.
    identity
        What tells its weights from all others.
    """

    input_size: int
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    n_frames: int | None
    n_features: int
    n_parameters: int
    identity: str


def require_library(network: TorchNetwork) -> None:
    """Raise UsageError unless the library of a network, and PyTorch, are installed; which extra has them is said."""
    missing = [name for name in ("torch", network.library) if find_spec(name) is None]
    if missing:
        raise UsageError(f"backbone {network.title} needs {' and '.join(missing)}, not installed here; run: pip install 'behavior[torch]'.")


def describe_torch_network(network: TorchNetwork) -> TorchDescription:
    """Build a network, downloading its weights if need be, and return what is known of it then.

    Raises
    ------
    UsageError
        If the library has no such network, or is not installed.
    WeightsError
        If the weights are missing, cannot be downloaded, or are of another network.
    """
    require_library(network)
    import torch

    built = _build(network, seed=_SEED)
    identity = _identify(network, built, seed=_SEED)
    if network.weights != RANDOM and identity != _identify(network, None, seed=_SEED + 1):
        # What the file lacks is drawn at random.
        raise WeightsError(f"{_name_weights(network)}: lacks weights that {network.title} has; check that the file belongs to it.")
    description = TorchDescription(
        built.input_size,
        built.colors.mean,
        built.colors.spread,
        built.n_frames,
        0,
        sum(parameter.numel() for parameter in built.module.parameters()),
        identity if network.weights != RANDOM else f"random, seed {_SEED}",
    )
    adapted = _adapt(network, built, built.colors, None)
    with torch.inference_mode():
        vectors = adapted(torch.zeros(1, *_find_shape(built)))
    return TorchDescription(**{**description.__dict__, "n_features": int(vectors.shape[1])})


def build_torch_network(network: TorchNetwork, *, identity: str, colors: Any, pooling: Pooling | None) -> tuple[Any, tuple[int, ...]]:
    """Return a `torch.nn.Module` from float32 RGB images or clips (N, ..., S, S, 3) in 0 to 255 to vectors (N, D), and its shape but for N.

    Parameters
    ----------
    identity
        Of the weights, as `describe_torch_network` found it.
    colors
        How they are prepared, as `preprocessing.Preprocessing`.
    pooling
        As in a study file; None for the network's own.

    Raises
    ------
    WeightsError
        If the weights are missing, or are not those of `identity`.
    """
    require_library(network)
    built = _build(network, seed=_SEED)
    if network.weights != RANDOM and _identify(network, built, seed=_SEED) != identity:
        raise WeightsError(
            f"{_name_weights(network)}: is not what it was when {network.title} was first used; put the weights of then back."
        )
    return _adapt(network, built, colors, pooling), _find_shape(built)


@dataclass(frozen=True)
class _Built:
    """A network with its weights, and what its library says of its input."""

    module: Any
    input_size: int
    colors: ColorNormalization
    n_frames: int | None = None


def _find_shape(built: _Built) -> tuple[int, ...]:
    image = (built.input_size, built.input_size, 3)
    return image if built.n_frames is None else (built.n_frames, *image)


def _build(network: TorchNetwork, *, seed: int) -> _Built:
    import torch

    torch.manual_seed(seed)
    try:
        built = _build_timm(network) if network.library == TIMM else _build_transformers(network)
    except BehaviorError:
        raise
    except Exception as error:
        # Libraries raise whatever a file, a download or a size leads them to.
        raise _explain(error, network) from error
    built.module.eval()
    return built


def _build_timm(network: TorchNetwork) -> _Built:
    import timm
    import timm.data

    if not timm.is_model(network.name):
        raise UsageError(
            f"backbone {network.title!r} is not known to timm {timm.__version__}"
            f"{suggest_nearest(network.name, timm.list_models()) or '; correct its name.'}"
        )
    options: dict[str, Any] = {}
    if network.weights == PRETRAINED:
        options["pretrained"] = True
    elif network.weights != RANDOM:
        options |= {"pretrained": True, "pretrained_cfg_overlay": {"file": network.weights, "custom_load": False}}
    config = timm.get_pretrained_cfg(network.name)
    if network.weights == PRETRAINED and (config is None or not config.has_weights):
        raise UsageError(f"backbone {network.title}: timm has no weights of it; name one with weights, such as {network.name}.TAG.")
    data = timm.data.resolve_data_config({}, pretrained_cfg={} if config is None else config.to_dict())
    sides = set(data["input_size"][1:])
    size = network.input_size or int(data["input_size"][1])
    if network.input_size is None and len(sides) != 1:
        raise UsageError(
            f"backbone {network.title}: takes images of {data['input_size'][1:]} pixels; say which side, such as input_size: 224."
        )
    try:
        # Some have to know the size of their images, others take any.
        more = {} if network.input_size is None else {"img_size": network.input_size}
        module = timm.create_model(network.name, num_classes=0, **options, **more)
    except TypeError:
        module = timm.create_model(network.name, num_classes=0, **options)
    mean, spread = (tuple(float(value) for value in data[key]) for key in ("mean", "std"))
    return _Built(module, size, ColorNormalization(mean, spread))  # type: ignore[arg-type]


def _build_transformers(network: TorchNetwork) -> _Built:
    import transformers

    if network.weights == RANDOM:
        if network.name not in transformers.CONFIG_MAPPING:
            raise UsageError(
                f"backbone {network.title!r} with random weights needs the kind of a network"
                f"{suggest_nearest(network.name, list(transformers.CONFIG_MAPPING))}, such as transformers/videomae."
            )
        config = transformers.AutoConfig.for_model(network.name)
        module = transformers.AutoModel.from_config(config)
        colors = ColorNormalization(TORCH_MEAN, TORCH_SPREAD)
    else:
        source = network.name if network.weights == PRETRAINED else network.weights
        # Code that comes with weights is never run, and nothing is unpickled.
        module, loading = transformers.AutoModel.from_pretrained(
            source, trust_remote_code=False, use_safetensors=True, output_loading_info=True
        )
        config = module.config
        if loading["missing_keys"] or loading["mismatched_keys"]:
            raise WeightsError(f"{_name_weights(network)}: lacks weights that its config.json asks for; download the files again.")
        colors = _read_colors(source)
    size = getattr(config, "image_size", None) or getattr(config, "crop_size", None)
    size = size[0] if isinstance(size, list | tuple) else size
    n_frames = network.n_frames or getattr(config, "num_frames", None) or getattr(config, "frames_per_clip", None)
    if not isinstance(size, int) or not isinstance(n_frames, int):
        raise UsageError(
            f"backbone {network.title}: found a network of kind {config.model_type!r}, expected one that looks at clips, such as videomae "
            "or vjepa2."
        )
    return _Built(module, network.input_size or size, colors, n_frames)


def _read_colors(source: str) -> ColorNormalization:
    """Return the mean and the spread that come with a network of transformers; those of ImageNet where none do."""
    from transformers.utils import cached_file

    for name in ("video_preprocessor_config.json", "preprocessor_config.json"):
        found = cached_file(source, name, _raise_exceptions_for_missing_entries=False)
        if found is None:
            continue
        text = read_text(
            Path(found),
            most_bytes=_MOST_CONFIG_BYTES,
            error=WeightsError,
            expected="how a network wants its colors",
            advice="copy it again",
        )
        content = json.loads(text)
        mean, spread = content.get("image_mean"), content.get("image_std")
        if isinstance(mean, list) and isinstance(spread, list) and len(mean) == len(spread) == 3:
            return ColorNormalization(*(tuple(float(value) for value in values) for values in (mean, spread)))  # type: ignore[arg-type]
    return ColorNormalization(TORCH_MEAN, TORCH_SPREAD)


def _adapt(network: TorchNetwork, built: _Built, colors: Any, pooling: Pooling | None) -> Any:
    """Return a module that prepares the colors of images or clips, runs a network on them, and pools what it says."""
    import torch

    is_reversed, mean, spread = find_steps(colors)
    shape = _find_shape(built)

    class Adapted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = built.module
            self.register_buffer("mean", torch.from_numpy(np.asarray(mean, dtype=np.float32)))
            self.register_buffer("spread", torch.from_numpy(np.asarray(spread, dtype=np.float32)))
            self.pool: Any = None

        def forward(self, image: Any) -> Any:
            if is_reversed:
                image = image[..., [2, 1, 0]]
            prepared = (image - self.mean) / self.spread
            order = (0, 3, 1, 2) if built.n_frames is None else (0, 1, 4, 2, 3)
            output = _run(network, self.network, prepared.permute(*order), pooling)
            return output if self.pool is None else self.pool(output)

    adapted = Adapted().eval()
    with torch.inference_mode():
        found = adapted(torch.zeros(1, *shape))
    adapted.pool = _choose_pool(network, built, tuple(found.shape), pooling)
    return adapted


def _run(network: TorchNetwork, module: Any, prepared: Any, pooling: Pooling | None) -> Any:
    """Return what a network says of prepared images or clips: a vector each, or, where it is to be pooled, of their parts."""
    if network.library == TIMM:
        return module(prepared) if pooling is None else module.forward_features(prepared)
    # V-JEPA's second part guesses what is hidden, and nothing is.
    more = {"skip_predictor": True} if module.config.model_type == "vjepa2" else {}
    output = module(**{module.main_input_name: prepared}, **more)
    return output.last_hidden_state


def _choose_pool(network: TorchNetwork, built: _Built, shape: tuple[int, ...], pooling: Pooling | None) -> Any:
    """Return what makes a vector (N, D) of an output of some shape; None where it is one."""
    import torch

    if network.library == TRANSFORMERS and pooling is None and len(shape) == 3:
        # What these networks end with, where they end with something, is a mean.
        pooling = "mean"
    channels_first = shape[1] == getattr(built.module, "num_features", shape[1])
    size = built.input_size
    plan = plan_pooling(shape, pooling, channels_first=channels_first, input_size=size, n_frames=built.n_frames, source=network.title)
    if not plan.axes:
        return None
    n_first = plan.n_first
    if network.library == TIMM and len(shape) == 3:
        n_first = int(getattr(built.module, "num_prefix_tokens", 0))
        if plan.takes_first and getattr(built.module, "cls_token", None) is None:
            raise WeightsError(f"{network.title}: has no vector of the whole image; choose pooling: mean.")

    def pool(output: Any) -> Any:
        vectors = [output[:, 0]] if plan.takes_first else []
        if plan.takes_mean:
            vectors.append((output[:, n_first:] if n_first else output).mean(dim=plan.axes))
        return torch.cat(vectors, dim=-1)

    return pool


def _identify(network: TorchNetwork, built: _Built | None, *, seed: int) -> str:
    """Return a hash of a network's weights as they are for images of its own size: fitting them to another size rounds them."""
    if built is None or network.input_size is not None:
        built = _build(replace(network, input_size=None), seed=seed)
    return _hash_weights(built.module)


def _hash_weights(module: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, weight in sorted(module.state_dict().items()):
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(weight.detach().contiguous().view(-1).float().numpy().data)
    return digest.hexdigest()


def _name_weights(network: TorchNetwork) -> str:
    return network.title if network.weights in (PRETRAINED, RANDOM) else network.weights


def _explain(error: Exception, network: TorchNetwork) -> BehaviorError:
    """Return what to raise for an error of a library that was asked for a network."""
    # The lines after the first list every weight.
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if isinstance(error, OSError) and network.weights == PRETRAINED:
        if network.library == TIMM:
            import timm

            config = timm.get_pretrained_cfg(network.name)
            source = (config.hf_hub_id if config is not None else "") or network.name
            files, place = _SAFETENSORS, "the file, such as weights: ../model.safetensors"
        else:
            source, files, place = network.name, f"config.json, preprocessor_config.json and {_SAFETENSORS}", "the folder that they lie in"
        return WeightsError(
            f"{network.title}: its weights are not here and could not be downloaded ({reason}); on a machine with internet, download "
            f"{files} from https://huggingface.co/{source}, copy that here, and give as `weights` the path of {place}."
        )
    if network.input_size is not None and network.weights in NAMED_WEIGHTS:
        return WeightsError(f"{network.title}: takes no images of {network.input_size} pixels ({reason}); choose another input_size.")
    return WeightsError(
        f"{_name_weights(network)}: these weights do not fit {network.title} ({reason}); check that the file belongs to it."
    )
