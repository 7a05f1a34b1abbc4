"""Networks from picture to picture: CycleGAN's ResNet, pix2pix's U-Net and plain encoder-decoder, coarse to fine.

All take images (B, H, W, 3) in [0, 1] and give images of the same size, which need only be a multiple of `stride`; w =
`width` is 64 in the papers. A condition (B, K) is laid over the whole picture as K more channels; a `conditional`
network has no norm before its first ReLU, for an instance norm takes away what is the same everywhere.

  Johnson et al. 2016 and Zhu et al. 2017 (CycleGAN)   ResNet: c7s1-w, d2w, d4w, R4w ..., u2w, uw, c7s1-3
  Isola et al. 2017 (pix2pix)                          U-Net: Cw-C2w-C4w-C8w ... and back, each level joined to its twin
  Wang et al. 2018 (pix2pixHD)                         coarse to fine: a network at half size inside one at full size

Differs from the papers: upsampling by nearest neighbour and a convolution (Odena et al. 2016; theirs, transposed
convolutions, by `upsampling`); He's initialisation but for the last convolution.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tf_homo.layers import DepthToSpace, GivenBatchNormalization, InstanceNormalization, NearestUpsampling
from tf_homo.networks import conv

NORMS = ("instance", "test_batch", "none")
UPSAMPLINGS = ("nearest", "shuffle", "transposed")
DROPPED = 0.5  # share of numbers that a U-Net's dropout takes


def norm(kind: str) -> list[layers.Layer]:
    """The layer that NORMS names, if any; "test_batch" takes the statistics of the batch that is given, always."""
    if kind == "test_batch":
        return [GivenBatchNormalization()]
    return [InstanceNormalization()] if kind == "instance" else []


def upsampling(kind: str, filters: int, kernel: int, **options) -> list[layers.Layer]:
    """Layers that double height and width; `kernel` is that of the transposed convolution, the others' are 3x3."""
    if kind == "nearest":
        return [NearestUpsampling(), conv(filters, **options)]
    if kind == "shuffle":
        return [conv(4 * filters, **options), DepthToSpace(2)]
    options.setdefault("kernel_initializer", "he_normal")
    return [layers.Conv2DTranspose(filters, kernel, 2, padding="same", **options)]


def laid_over(image: tf.Tensor, condition: tf.Tensor | None) -> tf.Tensor:
    """Image (B, H, W, C) and condition (B, K) -> (B, H, W, C + K)."""
    if condition is None:
        return image
    planes = tf.cast(condition, image.dtype)[:, None, None, :] + tf.zeros_like(image[..., :1])
    return tf.concat([image, planes], axis=-1)


def halved(image: tf.Tensor) -> tf.Tensor:
    """(B, H, W, C) -> (B, H/2, W/2, C), means of 2x2 pixels."""
    return tf.nn.avg_pool2d(image, 2, 2, "VALID")


def run(plan: Sequence[layers.Layer], x: tf.Tensor) -> tf.Tensor:
    """Through the layers of a plan, in the mode of the network that they are part of. Unlike keras.Sequential it takes
    any size once it is built.
    """
    for layer in plan:
        x = layer(x)
    return x


def initial(residual: bool) -> str | keras.initializers.Initializer:
    """How convolutions that paint start: as the papers start every one, or as nothing where it adds to the image."""
    return "zeros" if residual else keras.initializers.RandomNormal(stddev=0.02)


class Reflect(layers.Layer):
    """Pads height and width by reflection, so that no border is drawn in."""

    def __init__(self, pixels: int, **kwargs):
        super().__init__(**kwargs)
        self.pixels = pixels

    def call(self, x):
        side = (self.pixels, self.pixels)
        return tf.pad(x, ((0, 0), side, side, (0, 0)), "REFLECT")


def reflected(filters: int, kernel: int, **options) -> list[layers.Layer]:
    """A convolution that keeps the size, over reflected borders."""
    return [Reflect(kernel // 2), conv(filters, kernel, padding="valid", **options)]


class Block(layers.Layer):
    """R: x + norm(conv(relu(norm(conv(x))))), 3x3, borders reflected."""

    def __init__(self, filters: int, kind: str, **kwargs):
        super().__init__(**kwargs)
        options = {"use_bias": kind == "none"}
        self.plan = [
            *reflected(filters, 3, **options), *norm(kind), layers.ReLU(), *reflected(filters, 3, **options),
            *norm(kind),
        ]  # fmt: skip

    def call(self, x):
        return x + run(self.plan, x)


class Generator(keras.Model):
    """What all have in common. A subclass gives `features`.

    Args:
      residual: what is painted is added to the image, which is then where training starts. The result is clipped to
        [0, 1], its gradient is not, so that what has gone too far comes back.

    Attributes:
      stride: sizes must be a multiple of it.
      shrunk: how many pixels across a cell of the last map has.
    """

    stride, shrunk = 1, 1

    def __init__(self, residual: bool, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.residual = residual
        self.head = reflected(3, 7, kernel_initializer=initial(residual))

    def build(self, shape):
        """Nothing: its layers are built as they are called. One inside another is not called itself."""

    def features(self, x: tf.Tensor, noise: tf.Tensor | None) -> tf.Tensor:
        """(B, H, W, 3 + K) in [-1, 1] -> (B, H / shrunk, W / shrunk, ...), the last map before colours."""
        raise NotImplementedError

    def noise_size(self, size: int) -> int:
        """How many uniform numbers in [0, 1) a picture of `size` pixels a side takes for its dropout."""
        del size
        return 0

    def call(self, image, condition=None, noise=None, training=False):
        """Images (B, H, W, 3), conditions (B, K), noise (B, noise_size) or None for no dropout."""
        del training  # its layers hear of it from Keras
        _, colours = self.drawn(laid_over(2.0 * image - 1.0, condition), noise)
        colours = tf.tanh(colours)
        if not self.residual:
            return 0.5 + 0.5 * colours
        made = image + colours
        return tf.grad_pass_through(lambda x: tf.clip_by_value(x, 0.0, 1.0))(made)

    def drawn(self, x: tf.Tensor, noise: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """The last map and, before the tanh, the colours that the head makes of it, (B, H, W, 3) float32."""
        features = self.features(x, noise)
        return features, tf.cast(run(self.head, features), tf.float32)


class ResNetGenerator(Generator):
    """CycleGAN's: two steps down, `blocks` residual blocks (the paper: 6 up to 128 pixels, 9 above), two steps up."""

    stride = 4

    def __init__(
        self, width: int = 64, blocks: int = 6, norm_kind: str = "instance", upsample: str = "nearest",
        residual: bool = False, conditional: bool = False, **kwargs,
    ):  # fmt: skip
        super().__init__(residual, **kwargs)
        options, first = {"use_bias": norm_kind == "none"}, "none" if conditional else norm_kind
        after = lambda: [*norm(norm_kind), layers.ReLU()]  # noqa: E731
        self.plan = [
            *reflected(width, 7, use_bias=first == "none"), *norm(first), layers.ReLU(),
            conv(2 * width, 3, 2, **options), *after(),
            conv(4 * width, 3, 2, **options), *after(),
            *[Block(4 * width, norm_kind) for _ in range(blocks)],
            *upsampling(upsample, 2 * width, 3, **options), *after(),
            *upsampling(upsample, width, 3, **options), *after(),
        ]  # fmt: skip

    def features(self, x, noise):
        del noise
        return run(self.plan, x)


class UNetGenerator(Generator):
    """pix2pix's: `levels` halvings down to the bottleneck and back, the last step to colours; with `skips` each level
    is joined to its twin (U-Net), without it is the plain encoder-decoder.

    Dropout, the paper's only noise, follows the first three steps up. It is driven by `noise`, so that it is the same
    however a batch is split. The bottleneck has no norm (one cell a picture would become nothing), nor has the first
    convolution.
    """

    def __init__(
        self, width: int = 64, levels: int = 8, norm_kind: str = "instance", upsample: str = "nearest",
        residual: bool = False, skips: bool = True, **kwargs,
    ):  # fmt: skip
        super().__init__(residual, **kwargs)
        self.skips, self.stride, self.shrunk = skips, 2**levels, 2
        self.filters = [width * min(2**level, 8) for level in range(levels)]
        down, up = [], []
        for level, filters in enumerate(self.filters):
            inner = norm_kind if 0 < level < levels - 1 else "none"
            down.append([conv(filters, 4, 2, use_bias=inner == "none"), *norm(inner), layers.LeakyReLU(0.2)])
        for filters in self.filters[-2::-1]:
            steps = upsampling(upsample, filters, 4, use_bias=norm_kind == "none")
            up.append([*steps, *norm(norm_kind)])
        self.down, self.up = down, up
        self.head = upsampling(upsample, 3, 4, kernel_initializer=initial(residual))

    def noise_size(self, size):
        return sum(int(np.prod(shape)) for shape in self._dropped(size, size))

    def _dropped(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Shapes of the maps behind the first three steps up."""
        twins = list(enumerate(self.filters))[-2::-1][:3]
        return [(height >> (level + 1), width >> (level + 1), filters) for level, filters in twins]

    def features(self, x, noise):
        dropped, twins = self._dropped(*x.shape[1:3]), []
        for plan in self.down:
            x = run(plan, x)
            twins.append(x)
        twins.pop()  # the bottleneck itself
        for step, plan in enumerate(self.up):
            x = run(plan, x)
            if noise is not None and step < len(dropped):
                count = int(np.prod(dropped[step]))
                keep = tf.cast(tf.reshape(noise[:, :count], (-1, *dropped[step])) >= DROPPED, x.dtype)
                x, noise = x * keep / (1.0 - DROPPED), noise[:, count:]
            x = tf.nn.relu(x)
            if self.skips:
                x = tf.concat([x, twins.pop()], axis=-1)
        return x


class CoarseToFine(Generator):
    """pix2pixHD's: `coarse`, a generator that was trained at half the size first, inside a network at full size that
    takes its last map: c7s1-w/2, dw, + features of coarse, Rw ..., uw/2, c7s1-3.

    Differs from the paper: what it draws is added to the coarse picture, enlarged (LAPGAN, Denton et al. 2015), so that
    it starts where the coarse one ended.
    """

    def __init__(
        self, coarse: Generator, width: int = 64, blocks: int = 3, norm_kind: str = "instance",
        upsample: str = "nearest", residual: bool = False, conditional: bool = False, **kwargs,
    ):  # fmt: skip
        super().__init__(residual, **kwargs)
        self.coarse, self.stride, self.enlarge = coarse, 2 * coarse.stride, NearestUpsampling()
        self.brought = upsampling(upsample, width, 3) if coarse.shrunk == 2 else []
        options, half = {"use_bias": norm_kind == "none"}, max(width // 2, 1)
        after = lambda: [*norm(norm_kind), layers.ReLU()]  # noqa: E731
        first = "none" if conditional else norm_kind
        start = [*reflected(half, 7, use_bias=first == "none"), *norm(first), layers.ReLU()]
        self.front = [*start, conv(width, 3, 2, **options), *after()]
        self.back = [
            *[Block(width, norm_kind) for _ in range(blocks)],
            *upsampling(upsample, half, 3, **options), *after(),
        ]  # fmt: skip

    def noise_size(self, size):
        return self.coarse.noise_size(size // 2)

    def drawn(self, x, noise):
        inner, colours = self.coarse.drawn(halved(x), noise)
        front = run(self.front, x)
        features = run(self.back, front + tf.cast(run(self.brought, inner), front.dtype))
        return features, tf.cast(run(self.head, features), tf.float32) + self.enlarge(colours)


def generator(
    kind: str, size: int, width: int, norm_kind: str = "instance", upsample: str = "nearest", residual: bool = False,
    blocks: int = 6, coarse_to_fine: bool = False, conditional: bool = False, name: str | None = None,
) -> Generator:  # fmt: skip
    """The network that KINDS names, for pictures of about `size` pixels a side: U-Nets go down to one cell where that
    is a power of two, else as far as it can be halved.

    With `coarse_to_fine` it works at half the size, inside a network at full size.
    """
    options = {"norm_kind": norm_kind, "upsample": upsample, "residual": residual}
    inner, given = (size // 2, {}) if coarse_to_fine else (size, {"name": name})
    if kind == "resnet":
        made = ResNetGenerator(width, blocks, **options, conditional=conditional, **given)
    else:
        levels = max(int(np.log2(inner & -inner)), 1)  # as often as it can be halved
        made = UNetGenerator(width, min(levels, 8), **options, skips=kind == "unet", **given)
    return CoarseToFine(made, width, **options, conditional=conditional, name=name) if coarse_to_fine else made


KINDS = ("resnet", "unet", "encoder_decoder")
