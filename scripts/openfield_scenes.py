"""Rendered scenes that `train_openfield.py` trains on, far more unlike each other than those of `behavior demo`.

Drawn anew for each recording: coat, build and outline of the mouse, floor and what lies on it, walls, light, shadow, camera, its lean,
lens, blur and pixels, and what compression leaves. Scenes as `behavior demo --renderer solid` draws them are left out: they are kept to
measure by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from behavior.synthetic.acting import draw_arena_settings, spawn_streams
from behavior.synthetic.painting import MousePainter, Painter
from behavior.synthetic.posture import BEHAVIORS, act_posture, plan_bouts
from behavior.synthetic.scene import COATS, Arena, Coat, Patch, draw_arena, project_points
from behavior.synthetic.skeleton import BODY_PARTS, Build, pose_skeleton
from behavior.vision.openfield import INPUT_SIZE

Floats = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]

PARTS = ("nose", "neck", "midbody", "tailbase")
# Angles as sines and cosines, places of body parts from the crop's middle in sides of the crop.
TARGETS = (
    "heading sin",
    "heading cos",
    "stretch",
    "height",
    "head angle sin",
    "head angle cos",
    "wall distance",
    "tuck",
    *BEHAVIORS,
    *(f"{part} {axis}" for part in PARTS for axis in "xy"),
)
SIZE, FPS = 480, 10.0
CROP = 160
# A wall farther from the midbody than half a crop is not in the picture.
FARTHEST_WALL = 0.5
N_ACTED = 400
TRAINING_KEY = 0x0F1E1D


@dataclass(frozen=True)
class Scene:
    """A mouse that acts, and what draws it; values of the posture parameters, each (T,)."""

    painter: Painter
    parameters: Mapping[str, npt.NDArray[np.float64]]
    places: npt.NDArray[np.float64]
    middle: npt.NDArray[np.float64]


def draw_scene(seed: np.random.SeedSequence) -> Scene:
    """Draw a mouse, a box, a light and a camera, far more unlike each other than the demo's are, and act out what the mouse does."""
    looks, plan, acting, painting = (np.random.default_rng(child) for child in spawn_streams(seed, 4))
    coat, arena = draw_looks(looks)
    # Half the mice are built as the demo's are.
    spread = 1.0 if looks.random() < 0.5 else 2.2
    build = Build(
        length=float(looks.uniform(70, 90)),
        girth=1.0 + spread * float(looks.uniform(-0.1, 0.11)),
        ear=1.0 + spread * float(looks.uniform(-0.15, 0.15)),
        tail=1.0 + spread * float(looks.uniform(-0.15, 0.1)),
    )
    bouts = plan_bouts(N_ACTED, FPS, plan)
    posture = act_posture(bouts, n_frames=N_ACTED, fps=FPS, half_floor=arena.half_floor, body_length=build.length, rng=acting)
    posture, skeleton = pose_skeleton(posture, build, arena.half_floor, fps=FPS)
    # Bodies of another outline: thick and thin places along the spine, the same in all frames.
    knots = np.exp(looks.normal(0, 0.12 if spread > 1 else 0.03, 7))
    outline = np.interp(np.linspace(0, 6, skeleton.body_radius.shape[1]), np.arange(7), knots)
    skeleton = replace(skeleton, body_radius=skeleton.body_radius * outline)
    background = cover_floor(draw_arena(arena, painting), looks)
    painter = Painter(arena, background, [MousePainter(arena, coat, skeleton, build)], rng=painting)
    projected, _ = project_points(skeleton.parts, skeleton.parts_z, arena)
    places = np.stack([projected.real, projected.imag], axis=-1)
    parameters = {
        "heading": posture.heading + arena.rotation,
        "stretch": posture.stretch,
        "height": posture.height,
        "head angle": posture.head_angle,
        "wall distance": posture.wall_distance,
        "tuck": posture.tuck,
        **{name: posture.activation[:, column] for column, name in enumerate(BEHAVIORS)},
    }
    return Scene(painter, parameters, places[:, [BODY_PARTS.index(part) for part in PARTS]], places[:, BODY_PARTS.index("midbody")])


def draw_looks(rng: np.random.Generator) -> tuple[Coat, Arena]:
    """Draw colours and a box: half of them are the demo's, half have a coat, walls, a light and a camera of any kind."""
    coat = COATS[int(rng.integers(len(COATS)))]
    arena = draw_arena_settings(SIZE, coat.floor, rng)
    if rng.random() < 0.4:
        return coat, arena
    fur = float(rng.uniform(15, 215))
    floor = fur
    while abs(floor - fur) < 35:
        floor = float(rng.uniform(30, 235))
    tint = rng.normal(1.0, 0.05, (4, 3))
    back, skin, ground, wall = (
        np.clip(level * tint[row], 5, 245)
        for row, level in enumerate((fur, fur * rng.uniform(0.7, 2.0), floor, floor * rng.uniform(0.25, 1.3)))
    )
    patches = tuple(
        Patch(float(rng.uniform(0.1, 0.8)), float(rng.uniform(-0.7, 0.7)), float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.5, 1.8)))
        for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.3 else 0)
    )
    varied = replace(
        arena,
        floor=tuple(ground.tolist()),
        wall=tuple(wall.tolist()),
        center=arena.center + complex(*rng.normal(0, 6, 2)),
        rotation=float(rng.uniform(-np.pi, np.pi)) if rng.random() < 0.3 else arena.rotation,
        camera_height=arena.camera_height * float(rng.uniform(0.8, 1.5)),
        light=arena.light * float(rng.uniform(0.0, 1.6)),
        shade=float(rng.uniform(0.0, 0.7)),
        noise=float(rng.uniform(0.3, 4.0)),
    )
    return Coat("any", tuple(np.rint(back).astype(int).tolist()), tuple(np.rint(skin).astype(int).tolist()), (0, 255), patches), varied


def cover_floor(background: Images, rng: np.random.Generator) -> Images:
    """Return the empty box (H, W, 3) with bedding, scratches or stains on it, of any grain; some are left as they are."""
    if rng.random() < 0.35:
        return background
    side = background.shape[0]
    texture = np.zeros((side, side), dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        grain = float(np.exp(rng.uniform(np.log(0.7), np.log(25))))
        n = max(int(side / grain), 4)
        layer = cv2.resize(rng.standard_normal((n, n), dtype=np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        if rng.random() < 0.4:
            # Chips and pellets: few, with sharp bounds.
            layer = (layer > rng.uniform(0.8, 2.0)).astype(np.float32) * np.float32(rng.choice((-2.0, 2.0)))
        texture += layer * float(rng.uniform(0.2, 1.0))
    texture *= float(rng.uniform(0.02, 0.22)) / max(float(texture.std()), 1e-6)
    return np.clip(background * (1 + texture[:, :, None]), 0, 255).astype(np.uint8)


def render_crops(job: tuple[int, int, int]) -> tuple[Images, Floats]:
    """Act out one recording of animal `index` and return `n_frames` of its crops (N, 64, 64, 3) and targets (N, len(TARGETS))."""
    seed, index, n_frames = job
    cv2.setNumThreads(1)
    # Under a key of their own, these animals are not those of a study that is rendered from the same seed.
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(TRAINING_KEY, index))
    rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(TRAINING_KEY, index, TRAINING_KEY)))
    scene = draw_scene(sequence)
    frames = choose_frames(scene, n_frames, rng)
    # One lens, one coat of fur and one encoder a recording, as in a laboratory.
    side = CROP * float(rng.uniform(0.85, 1.2))
    view = View(
        side=side,
        stretch=float(np.exp(rng.normal(0, 0.05))),
        lean=rng.normal(0, 0.06, 2) if rng.random() < 0.6 else np.zeros(2),
        blur=float(rng.uniform(0.3, 1.6)) if rng.random() < 0.5 else 0.0,
        quality=int(rng.uniform(20, 95)),
        pixels=int(rng.uniform(48, 160)),
        fur=draw_fur(rng),
    )
    crops, turned, placed = zip(*(render_crop(scene, int(frame), view, rng) for frame in frames), strict=True)
    values = {name: column[frames] for name, column in scene.parameters.items()}
    heading = values["heading"] + np.array(turned)
    columns = [
        np.sin(heading),
        np.cos(heading),
        values["stretch"],
        values["height"],
        np.sin(values["head angle"]),
        np.cos(values["head angle"]),
        np.minimum(values["wall distance"] / side, FARTHEST_WALL),
        values["tuck"],
        *(values[name] for name in BEHAVIORS),
    ]
    return np.stack(crops), np.concatenate([np.stack(columns, axis=1), np.stack(placed).reshape(len(frames), -1)], axis=1).astype(
        np.float32
    )


def choose_frames(scene: Scene, n_frames: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return `n_frames` frames in order, those of behaviors three times as often as others."""
    weight = 1.0 + 2.0 * np.max([scene.parameters[name] for name in BEHAVIORS], axis=0)
    return np.sort(rng.choice(N_ACTED, n_frames, replace=False, p=weight / weight.sum()))


@dataclass(frozen=True)
class View:
    """How one laboratory's crops look: the crop's side in pixels of the scene, stretch of one axis, lean of the camera, blur in pixels of
    the scene, JPEG quality, pixels a side that the camera has, and the fur's texture.
    """

    side: float
    stretch: float
    lean: npt.NDArray[np.float64]
    blur: float
    quality: int
    pixels: int
    fur: npt.NDArray[np.float32]


def draw_fur(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a texture (160, 160) that fur is multiplied with."""
    layer = cv2.GaussianBlur(rng.standard_normal((160, 160), dtype=np.float32), (0, 0), float(rng.uniform(0.6, 4.0)))
    return 1 + layer * np.float32(rng.uniform(0, 0.2) / max(float(layer.std()), 1e-6))


def render_crop(scene: Scene, frame: int, view: View, rng: np.random.Generator) -> tuple[Images, float, npt.NDArray[np.float64]]:
    """Return one crop (64, 64, 3) about the midbody as a compressed video shows it; by how much it is turned, and where parts are in it."""
    scale = view.pixels / view.side
    middle = scene.middle[frame] + rng.normal(0, 4.0, 2)
    angle = 0.0
    if rng.random() < 0.5:
        angle = float(rng.uniform(-np.pi, np.pi))
    else:
        # As crops do, it is shifted inward at the video's borders.
        middle = np.clip(middle, view.side / 2, SIZE - view.side / 2)
    # What lies farther away is not seen, however the crop is turned.
    left, top = np.clip(middle - 0.85 * view.side, 0, SIZE).astype(int)
    right, bottom = np.clip(middle + 0.85 * view.side, 0, SIZE).astype(int)
    image = scene.painter.draw(frame)[top:bottom, left:right]
    corner = np.array([left, top])
    middle = middle - corner
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * np.diag([view.stretch, 1 / view.stretch]) @ turn
    if view.fur.std() > 0:
        animal = scene.painter.find_owners(frame)[top:bottom, left:right] >= 0
        image = grow_fur(image, animal, view.fur, scene.middle[frame] - corner, scene.parameters["heading"][frame])
    if view.blur:
        image = cv2.GaussianBlur(image, (0, 0), view.blur)
    if scale < 0.6:
        image = cv2.GaussianBlur(image, (0, 0), 0.35 / scale)
    homography = np.eye(3)
    homography[:2, :2] = linear
    homography[:2, 2] = view.pixels / 2 - linear @ middle
    # A camera that looks from one side: nearer things are larger.
    tilted = np.eye(3)
    tilted[2, :2] = view.lean / view.pixels
    half = np.eye(3)
    half[:2, 2] = -view.pixels / 2
    homography = np.linalg.inv(half) @ tilted @ half @ homography
    crop = cv2.warpPerspective(image, homography, (view.pixels, view.pixels), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Blocks of 8 x 8 with few coefficients: JPEG's artefacts stand in for a video encoder's.
    _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, view.quality])
    how = cv2.INTER_AREA if view.pixels >= INPUT_SIZE else cv2.INTER_LINEAR
    crop = cv2.resize(cv2.imdecode(encoded, cv2.IMREAD_COLOR), (INPUT_SIZE, INPUT_SIZE), interpolation=how)
    seen = np.c_[scene.places[frame] - corner, np.ones(len(PARTS))] @ homography.T
    return crop, angle, seen[:, :2] / seen[:, 2:] / view.pixels - 0.5


def grow_fur(image: Images, animal: npt.NDArray[np.bool_], fur: npt.NDArray[np.float32], middle: Sequence[float], heading: float) -> Images:
    """Return `image` with the texture `fur` on the animal; it moves and turns with it."""
    turn = cv2.getRotationMatrix2D((80.0, 80.0), -float(np.rad2deg(heading)), 1.0)
    turn[:, 2] += np.asarray(middle) - 80
    texture = cv2.warpAffine(fur, turn, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REFLECT)
    rows, columns = np.nonzero(animal)
    image = image.copy()
    image[rows, columns] = np.clip(image[rows, columns] * texture[rows, columns, None], 0, 255).astype(np.uint8)
    return image
