"""What is said of generators and discriminators of pictures, the same for every system that has them."""

import dataclasses
import math

from tf_homo import discriminators, generators
from tf_homo.errors import InputError
from tf_homo.method import option

NORMS = ("instance", "none")  # of a picture alone: D meets fakes in other company than G makes them in
MOST_CELLS = 8  # a side, where a U-Net turns back


@dataclasses.dataclass(frozen=True)
class ImageOptions:
    """What the Config of such a system has; one with other defaults says so."""

    image_size: int = option(128, "side of the square images, in pixels", low=1)
    generator: str = option("resnet", "network G", generators.KINDS)
    width: int = option(64, "channels of G's first convolution; everything scales with it", low=1)
    blocks: int = option(6, "residual blocks of the resnet; CycleGAN's has 6 up to 128 pixels, 9 above", low=1)
    norm: str = option("instance", "normalisation in generators", NORMS)
    upsampling: str = option("nearest", "nearest neighbour or pixel shuffle + convolution, or transposed convolution",
                             generators.UPSAMPLINGS)  # fmt: skip
    residual: bool = option(False, "generators draw what is added to the picture")
    critic_width: int = option(0, "channels of a discriminator's first convolution; 0: --width")
    field: int = option(70, f"receptive field of a patch in pixels: {', '.join(map(str, discriminators.FIELDS))}")
    scales: int = option(1, "discriminators at so many sizes, each half the one before", low=1)
    critic_norm: str = option("instance", "normalisation in discriminators", NORMS)
    spectral: bool = option(False, "spectral normalisation in discriminators, usually with --critic_norm=none")

    coarse_steps: int = option(0, "steps of generators at half the size, which then become part of those at full size")
    rate: float = option(2e-4, "Adam's rate")
    beta_1: float = option(0.5, "Adam's beta_1", high=1)


def made_generator(c: ImageOptions, name: str, conditional: bool = False) -> generators.Generator:
    """The network that the options describe.

    Raises:
      InputError: its stride does not divide --image_size, or a U-Net cannot halve it to MOST_CELLS a side.
    """
    made = generators.generator(
        c.generator, c.image_size, c.width, c.norm, c.upsampling, c.residual, c.blocks, c.coarse_steps > 0,
        conditional, name,
    )  # fmt: skip
    if c.image_size % made.stride:
        raise InputError(f"--image_size={c.image_size}: --generator={c.generator} needs a multiple of {made.stride}")
    cells = c.image_size // made.stride
    if c.generator != "resnet" and cells % 2 and cells > MOST_CELLS:  # where even, it is as deep as U-Nets get
        step = 2 ** math.ceil(math.log2(c.image_size / MOST_CELLS))
        raise InputError(
            f"--image_size={c.image_size}: --generator={c.generator} halves it to {cells} cells only, and sees little "
            f"of a picture at once; give a multiple of {step}, for instance {step * round(c.image_size / step)}"
        )
    return made


def made_critic(c: ImageOptions, name: str, pool: int = 0, codes: int = 0) -> discriminators.PatchDiscriminator:
    """The discriminator that the options describe, which remembers `pool` pictures and is told `codes`.

    Raises:
      InputError: there is no such --field.
    """
    if c.field not in discriminators.FIELDS:
        raise InputError(f"--field={c.field}: there are {', '.join(map(str, discriminators.FIELDS))}")
    return discriminators.PatchDiscriminator(
        c.critic_width or c.width, c.field, c.critic_norm, c.scales, c.spectral, pool, codes, name=name
    )
