"""From a run folder to what a deployer copies: SavedModel, then .tflite, each with a parity report."""
