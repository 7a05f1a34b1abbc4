"""What tf_homo needs, as ranges. requirements.lock pins one set of versions inside them: the set that is tested."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
INIT = (HERE / "tf_homo/__init__.py").read_text(encoding="utf-8")
VERSION = re.search(r'^__version__ = "(.+)"$', INIT, re.M).group(1)
README = HERE / "README.md"

EXTRAS = {
    "video": ["imageio-ffmpeg>=0.6"],
    "report": ["matplotlib>=3.10", "jinja2>=3.1"],
    "serving": ["tensorflow-serving-api>=2.21,<2.22", "grpcio>=1.70"],
}
EXTRAS["all"] = sorted({requirement for extra in EXTRAS.values() for requirement in extra})
EXTRAS["dev"] = [
    "packaging>=24",
    "pre-commit>=4",
    "protobuf>=6.31",
    "pytest>=8.4",
    "pytest-xdist>=3.6",
    "pyyaml>=6",
    "ruff>=0.12",
    "selenium>=4.30",
    "tree-sitter>=0.25",
    "tree-sitter-kotlin>=1.1",
]
EXTRAS["gpu"] = ["tensorflow[and-cuda]>=2.21,<2.22"]
# tensorflow-addons ended with Keras 2 and cannot be imported beside the Keras 3 that tf_homo is built on. The extra
# names it, but it is of use only in an environment of its own: see requirements-addons.txt.
EXTRAS["addons"] = ["tensorflow-addons==0.23.0; python_version < '3.12'"]

setup(
    name="tf-homo",
    version=VERSION,
    description="Morphing photos along named attributes, at an even pace, with TensorFlow and Keras 3",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Processing",
    ],
    packages=find_packages(include=["tf_homo", "tf_homo.*", "export", "export.*"]),
    package_data={
        "tf_homo": ["metrics/*.html", "pretrained/**/*"],
        "export.android": ["*.kts", "*.properties", "*.md", "gradle/**/*", "src/main/*.xml", "src/main/kotlin/**/*"],
        "export.serving": ["*"],
        "export.web": ["page/*", "package*.json"],
    },
    python_requires=">=3.11,<3.14",
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<3.16",
        "tensorflow-datasets>=4.9.9",
        "importlib-resources>=6",  # tensorflow-datasets 4.9.10 imports it for builders outside its own package, unasked
        "ai-edge-litert>=2.0",
        "absl-py>=2.1",
        "flatbuffers>=25.2",
        "numpy>=1.26",
        "opencv-python-headless>=4.14,<5",  # 5 has no cascades, which find faces and eyes
        "pillow>=11.3",  # from here on its wheels read AVIF
        "tensorboard>=2.20,<2.22",  # tf.summary imports it, and tensorflow does not ask for it
        "tqdm>=4.66",
    ],
    extras_require=EXTRAS,
)
