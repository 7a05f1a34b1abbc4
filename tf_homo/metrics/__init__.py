"""How well a system morphs: response of the attributes along the path, distances between images and between sets."""
